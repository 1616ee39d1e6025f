load tcp
include bad/*.inc
x:
	htpp
