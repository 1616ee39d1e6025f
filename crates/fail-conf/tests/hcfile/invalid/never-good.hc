load tcp http dns icmp ldap
x:
	http http://[::1]/ family=4
	http http://x/ via=192.0.2.1 family=6
	tcp [fe80::1%eth0]:1 family=4
	icmp 192.0.2.1 family=6
	ldap ldap://192.0.2.1/ family=6
	dns x server=h expect=foo
	dns x server=h type=A expect=192.0.2.1,::1
	dns x server=h type=AAAA expect=192.0.2.1
	dns x server=192.0.2.1 type=AAAA expect=::1 family=6
