load tcp
g: a b
	need 3
a:
	need 1
	tcp y:1
b:
	tcp y:1
