web router
web:router
web:80 x
http http://x/
on down syslog
inclde x
load
include
intervall 3
