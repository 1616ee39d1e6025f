include missing.inc
include no/*/x.inc
include folder/
x: y
