load tcp http dns smtp ldap icmp ntp faild exec
x:
	tcp y:0
	tcp y:65536
	tcp [::1:80
	tcp y:1 timeout=0
	tcp y:1 timeout=2d
	tcp y:1 timeout=soon
	tcp y:1 family=5
	tcp y:1 unknown=perhaps
	tcp y:1 slow=5 within=5
	tcp y:1 tls=starttls
	tcp y:1 days=3
	tcp y:1 expect=
	tcp y:1 tls=yes verify=no ca=/x
	http ftp://x/
	http http://user:pw@x/
	http http://x/ days=3
	http https://x/ status=20
	http https://x/ status=300-200
