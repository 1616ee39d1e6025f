load tcp
a b:
	tcp y:1
c:
	tcp y:1
include twice.inc
a:
	tcp y:1
c c:
	tcp y:1
