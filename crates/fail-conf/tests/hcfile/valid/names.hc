load tcp
hosts = web-1 web-2
ns.example.org été <b> a:b $(hosts):
	tcp localhost:80 expect="$@"
fe80::1 x,y @home load: a:b ns.example.org
	tcp [::1]:80
include:
	tcp [fe80::1%eth0]:443 tls=yes sni=www
