load tcp
c: b
	tcp y:1
b:  a
	tcp y:1
a: b
	tcp y:1
