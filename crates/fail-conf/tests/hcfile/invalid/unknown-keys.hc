load tcp exec http
x:
	tcp y:1 timout=3
	http http://x/ stauts=200
	exec tmieout=3 /bin/true
	on down mail a@b.c evry=3
	on change failc web every=1m
	on change failc web limit=1/1m
	tcp y:1 expect=a expect=b
	http http://x/ Status=200
