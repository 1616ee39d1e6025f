load tcp
top: middle
	tcp a:1
middle: bottom
	tcp b:1
alone:
	tcp c:1
bottom:
	tcp d:1
