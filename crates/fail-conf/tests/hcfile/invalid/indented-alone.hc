	tcp y:1
load tcp
  tcp y:1
x:
	tcp y:1
v = 1
	tcp y:$(v)
