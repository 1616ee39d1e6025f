load tcp
x = one
include parts/*.inc parts/deeper/last.hcf
include parts/[0-9]*.none
main: a b
	tcp m:1 expect=$(x)
