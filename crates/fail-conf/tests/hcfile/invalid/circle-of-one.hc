load tcp
a: a
	tcp y:1
