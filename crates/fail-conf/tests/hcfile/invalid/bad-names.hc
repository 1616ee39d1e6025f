load tcp
a=b? c: 
web* :
	tcp y:1
-x:
	tcp y:1
%%:
	tcp y:1
n = a=b
$(n):
	tcp y:1
x:::
	tcp y:1
%:
	tcp y:1
a:: b%:
	tcp y:1
a: b%
	tcp y:1
: b
	tcp y:1
xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:
	tcp y:1
