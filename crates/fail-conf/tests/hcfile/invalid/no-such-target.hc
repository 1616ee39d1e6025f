load tcp
www: roter db
	tcp y:1
router:
	tcp y:1
x-%: y-%
	tcp y:1
x-1 x-2:
y-1:
	tcp y:1
