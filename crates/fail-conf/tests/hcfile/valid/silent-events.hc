load tcp
%:
	on flapping,renotify syslog
a:
	tcp x:1
	flap 3 1m
b:
	tcp x:1
	on renotify mail a@b.c
