load tcp
web-%:
	tcp $@
	interval $*
none-%: a%b%c
	tcpp $*:1
web-1 web-2 web-3:
