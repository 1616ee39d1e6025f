load http exec
# immediate: the value is what it was
a = one
b = $(a) ${a}
a = two
c := "$(a)  three"
d ?= four
d ?= five
e += six
e += seven
empty =
dollar = $$(a)
quote = '"'
tricky = http://x/$$x?a=b
x:
        exec /bin/echo $(a) $(b) $(c) "$(b)" $(d) $(e) $(empty) "$(empty)" $(dollar) $(quote) end
        http $(tricky) match=$(c)
