load tcp http dns smtp imap pop ldap icmp ntp exec nagios tcl faild
all:
	tcp www.example.org:443 send='HEAD / HTTP/1.0\r\n\r\n' expect=HTTP tls=yes days=20 ca=/etc/ca.pem verify=yes sni=www.example.org
	http https://www.example.org:8443/a?b=c#d via=[::1]:8443 method=POST header="X-A: b" header=Host:x body="a=b c" auth=/etc/pw status=200,204,300-399 match=yes match="it works" nomatch=no follow=3 days=30 ca=/etc/ca.pem sni=x verify=yes
	http http://[2001:db8::1]/
	dns example.org server=192.0.2.53 type=mx expect=mail.example.org,mx.example.org tcp=yes
	dns no.example.org. server=[::1]:5353 code=nxdomain
	dns 192.0.2.1 server=ns type=PTR
	smtp mail.example.org tls=starttls days=10 expect=ESMTP
	smtp mail.example.org tls=yes
	imap mail.example.org:1143 login=/etc/login
	pop [::1] tls=yes verify=no
	ldap ldap://ldap.example.org starttls=yes bind=/etc/bind base="dc=example, dc=org" filter="(&(uid=www)(objectClass=person))" entries=2
	ldap ldaps://ldap.example.org:1636 days=7
	icmp 192.0.2.1 count=5 loss=40% family=4
	ntp ntp.example.org offset=50ms stratum=4
	exec timeout=20s unknown=good /usr/local/bin/check --timeout=5 within=3
	nagios within=3s slow=1s unknown=warning /usr/lib/nagios/plugins/check_load -w 1,2,3 -c 4,5,6
	tcl timeout=1s /etc/checks.tcl replicated "db 1" family=4
	faild web host=192.0.2.9:1900 community=/etc/community state=UP,RECOVER
	faild web
