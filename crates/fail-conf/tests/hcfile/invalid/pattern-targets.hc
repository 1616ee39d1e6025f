load tcp
w-%:
	tcp 127.0.0.1:$*
	tcp x:0
w-a w-b w-c w-d w-e w-7:
x-1 x-2:
	tcp $@
alone:
	tcp $@
