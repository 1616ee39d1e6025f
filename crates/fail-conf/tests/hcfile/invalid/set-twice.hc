load tcp
x:
	rise 2
	interval 5
	rise 3
	maintenance none
	maintenance Sat 22:00-23:00
	tcp y:1
