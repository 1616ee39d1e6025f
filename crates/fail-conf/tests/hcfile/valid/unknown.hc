load tcp exec
unknown = warning
a:
	tcp x:1
	tcp x:2 unknown=good
b:
	unknown bad
	tcp x:1
all: a b
web-%:
	unknown good
web-1:
	exec /bin/true
