load \
  tcp \
icmp
value = a\
   b
x \
y: \
  z
  tcp c:1 send="a\
       b" expect="$(value)" \
  # a comment \
  icmp z
z:
  icmp z
