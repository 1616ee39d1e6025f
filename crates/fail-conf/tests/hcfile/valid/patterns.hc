load tcp icmp http
%-2: switch-%
	icmp $*.example.org
	rise 5
web-%:
	http http://$@/$*
	interval 30s
	rise 4
	maintenance Sun 01:00-02:00
	on down syslog
web-1: router
	tcp a:1
web-web-2 web-2: router db
	interval 1m
	maintenance Mon 01:00-02:00
	on up syslog
router db switch-web switch-web-web:
	icmp $@
%: router
	fall 9
web: 
web-% web-1%:
	tcp stem:1 expect=$*
