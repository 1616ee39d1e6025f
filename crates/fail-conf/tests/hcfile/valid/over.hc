# It is the 27th of November 2026, 18:30, and 17:30 in UTC.
load tcp
maintenance = 2026-01-01T22:00/2026-01-02T06:00
a:
	tcp x:1
b:
	maintenance Sat 22:00-02:00 2026-11-27T10:00/2026-11-27T18:30
	maintenance 2026-11-27T10:00/2026-11-27T17:31 utc
	maintenance 2026-11-27T10:00/2026-11-27T17:30 utc
	maintenance 2026-11-27T10:00/2026-11-27T18:31
	tcp x:1
c:
	tcp x:1
d:
	maintenance none
	tcp x:1
