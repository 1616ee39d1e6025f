load tcp

x: y
	tcp a:1 \
		expect=hello
y:
	tcp b:2
