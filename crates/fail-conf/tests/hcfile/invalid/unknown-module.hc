load htpp tcp
x:
	tcp y:1
