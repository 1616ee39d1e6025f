load tcp
x:
	bad line
	tcp y:1 expect=ÿ
	not reached
