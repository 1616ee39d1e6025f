load tcp
interval = 10x
retry ?=   1s 2
maintenance = Sun 01:00-02:00
maintenance += Sun 02:00-03:00 Mon 25:00-26:00
span = "0"
timeout = $(span)
x:
	tcp y:1
