x:
	rise 3
	on down syslog
y:
