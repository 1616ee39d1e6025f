load tcp
# retry and timeout are not longer
a:
	interval 1s
	tcp x:1
b:
	interval 1s
	timeout 5s
	retry 1s
	tcp x:1
c:
	interval 3s
	tcp x:1
