load exec faild http imap ldap tcp
secret:
	http https://x/ auth=missing.auth ca=missing.ca
	http https://x/ within=1h auth=/missing.auth
	imap x login=missing.login
	ldap ldap://x/ bind=missing.bind
	tcp x:1 tls=yes ca=missing.ca
	faild web community=missing.community
	faild web community=there.community
	on down webhook https://x/ auth=missing.auth ca=missing.ca
	on change failc web community=missing.community
	on down failc mail host=192.0.2.1 community=missing.community
programs:
	exec true
	exec nosuchprogram
	exec missing/program | wc
	on down exec nosuchprogram
shell:
	exec echo hi | grep hi
	exec sh -c "echo hi | grep hi"
	exec test -e /x && true
	exec a|b a;b
	exec find /x -exec true {} ";"
	exec find /x -exec true {} ";" > /dev/null
	exec "|" x
	on down exec timeout=1s /bin/echo hi >> /tmp/x
	on down exec mail -s x y < /etc/motd
	on up exec echo hi 2>&1
	on up exec echo hi ; exit 1
	on up exec echo hi || true
