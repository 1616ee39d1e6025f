load tcp
x:
	tcp y:1
include includes-itself.hc
