load tcp
a:
	interval 5
	retry 6
	tcp y:1
retry = 20s
b:
	tcp y:1
c:
	tcp y:1
%:
	interval 3s
