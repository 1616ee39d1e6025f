load tcp
mail-%: x
	tcp $*:25
% %x y%:
	on change syslog
x:
	tcp x:1
