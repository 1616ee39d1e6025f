load tcp http dns smtp ldap icmp ntp faild exec
x:
	http "http://x/a b"
	http http://x/ method=get
	http http://x/ header=nothing
	http http://x/ follow=11
	dns x..y server=a
	dns x server=a type=MXX
	dns x server=a code=NXDOMIAN
	smtp x tls=maybe
	smtp x days=3
	ldap http://x/
	ldap ldap://x filter=uid=x
	ldap ldap://x ca=/x
	ldap ldaps://x starttls=yes
	icmp x loss=100
	icmp x count=0
	ntp x stratum=16
	faild w?b
	faild web state=up
	exec ""
