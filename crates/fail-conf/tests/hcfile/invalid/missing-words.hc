load tcp http dns smtp icmp exec tcl faild
x:
	tcp
	tcp y
	http
	dns example.org
	dns server=x
	smtp
	icmp
	exec
	exec timeout=3
	tcl
	tcl file
	faild
	interval
	backoff 3
	flap
	maintenance
	on
	on down
	on down mail
	on down failc
