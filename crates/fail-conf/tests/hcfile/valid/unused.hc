load tcp
useful = y:1
useless = 1
interval = 3
x:
	tcp $(useful)
load dns icmp
load dns
%-x:
	icmp $@
