load exec faild http icmp tcp
# who serves is asked, which is so on every host
www:
	http http://192.0.2.80/
	on change failc web
both:
	http http://127.0.0.1/
	http http://www.example.org/
	on down,up failc web
site: www
	on change failc web
# what changes with the wish
itself:
	faild web state=UP
	on change failc web
other: here
	http http://192.0.2.80/
	on change failc mail
# this host
nginx:
	http http://127.0.0.1/
	http http://www.example.org/ via=[::1]
	tcp localhost:80
	exec check-nginx
	faild mail
	on change failc web
local: nginx more
	on change failc web
more: behind
# a router that is down is no word about what is behind it
behind: router
	tcp 127.0.0.1:1
router:
	icmp 192.0.2.9
far:
	icmp 192.0.2.1
	on change failc web host=192.0.2.1
# only where it serves
here:
	faild web state=UP
guarded: here
	http http://192.0.2.80/
	on down failc web
further: guarded
	http http://192.0.2.80/
	on down failc web
# what is only said when it is good
never:
	tcp 127.0.0.1:1
	on up failc never
	on up failc never
other-host:
	tcp 127.0.0.1:1
	on up failc web
	on down failc web host=[::1]
two:
	tcp 127.0.0.1:1
	on up failc web
	on down failc web
renotified:
	tcp 127.0.0.1:1
	on renotify,up failc web
	renotify 1h
