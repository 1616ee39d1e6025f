load tcp
x:
	tcp y:1
	flap 4 5m
	renotify 2h
	on down,up,change,flapping,renotify syslog
	on down syslog level=error every=1m limit=10/1h
	on down exec timeout=5m /sbin/fix every=1m
	on change mail a@example.org b@example.org smtp=[::1]:2525 from=hc@example.org limit=3/10m
	on change webhook https://hooks.example.org/x?y=z auth=token ca=ca.pem verify=yes sni=h every=5s
	on change webhook http://127.0.0.1:8080/
	on change failc web
	on change failc web host=192.0.2.1 community=/etc/c timeout=3s
	on up tcl every=1m act.tcl greet "$@ is up"
