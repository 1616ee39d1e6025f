load tcp
a:
	tcp x:1
interval = 1m
timeout = 20s
retry = 10
rise = 1
fall = 5
maintenance = Sat 22:00-02:00
b:
	tcp x:1
maintenance += Sun 01:00-02:00 utc
backoff = 10s 1.25 5m
flap = 6 10m
renotify = 1h
c:
	tcp x:1
d:
	backoff none
	flap none
	renotify none
	maintenance none
	interval 1
	tcp x:1
e:
	maintenance 2026-12-01T22:00/2026-12-02T06:00
	maintenance Mon-Fri 12:00-13:00 utc Sun 12:00-13:00
	maintenance Mon-Fri 12:00-13:00 utc
	backoff 500ms 3 1d
	tcp x:1
interval = 500ms
retry = 100ms
timeout = 500ms
f:
	tcp x:1
