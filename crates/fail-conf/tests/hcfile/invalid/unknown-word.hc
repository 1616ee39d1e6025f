load http
x:
        htpp http://x/
        Rise 2
        intervall 3
        onn down syslog
        load tcp
        nothing at all
