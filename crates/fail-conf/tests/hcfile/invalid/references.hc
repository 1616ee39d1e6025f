a = $(b)
c = $x
d = $(c
e = ${c)
f = $
g = $()
h = $(a b)
i = $@
j: $*
k: $@
load tcp exec
name = x
l:
	tcp $*:1
	exec $(nmae)
m-% n:
	tcp $*:1
$(name) = y
