load tcp
x:
	tcp y:1 expect="a b
	tcp y:1 expect='a\
 b
	tcp y:1 expect=it's
v = "
w = 'a"b'
z:
	tcp y:1 expect="$(w)"
