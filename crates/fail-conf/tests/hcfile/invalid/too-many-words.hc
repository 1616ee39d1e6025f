load tcp icmp
x:
	tcp y:1 z
	icmp a b
	interval 1 2
	backoff 1 2 3 4
	on down syslog loud
	on down webhook http://a/ http://b/
	maintenance Sat 22:00-23:00 gmt
	need 1 2
