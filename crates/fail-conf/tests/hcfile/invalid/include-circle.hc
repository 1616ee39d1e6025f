include circle/a.inc
