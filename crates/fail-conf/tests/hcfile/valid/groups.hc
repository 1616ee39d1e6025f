load tcp
all: a b c
	need 2
	on change syslog
a b c:
	tcp $@:1
some: a b
	need all
need = 1
any: a b
	on down mail a@b.c
none-of-its-own:
	tcp x:1
