load tcp
%-x:
	tcp $*:$*
	interval $*
	tcpp x
	rise 0
y:
	tcp y:1
