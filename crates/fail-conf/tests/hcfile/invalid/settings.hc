load tcp
interval = 0
retry = 1 2
rise = many
interval 10s
x:
	interval 2d
	retry = 3
	timeout=3
	rise 0
	fall 1001
	backoff 10s 0.5 5m
	backoff 5m 1.5 10s
	backoff 10s 1.555 5m
	flap 1 10m
	flap 6 0
	renotify 500ms
	need 0
	maintenance sat 22:00-23:00
	maintenance 22:00-25:00
	tcp y:1
