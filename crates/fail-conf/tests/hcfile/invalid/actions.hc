load tcp
x:
	tcp y:1
	on down,dwon syslog
	on down,down syslog
	on syslog down
	on down emali a@b.c
	on down mail root
	on down mail a@b.c from=x
	on down mail "a@b.c, d@e.f"
	on down syslog level=loud
	on down syslog every=0
	on down syslog limit=10
	on down syslog limit=0/1h
	on down syslog limit=1/8d
	on down webhook http://x/ ca=/x
	on down failc "we b"
	on down tcl act.tcl
	on down exec timeout=3
	on warning,down failc web
