load tcp
x:
	tcp y:1