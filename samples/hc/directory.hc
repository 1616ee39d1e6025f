# A directory, without which nobody can log in, and the clock that its certificates need.

directory: clock
        ldap ldap://ldap.example.org/ base=dc=example,dc=org filter=(ou=people) entries=1 starttls=yes days=14
        on change,warning,clear mail $(admin) smtp=$(smtp) limit=20/1h
        on down tcl checks.tcl tell /run/directory.down
        on up exec /usr/bin/rm -f /run/directory.down

clock: router
        ntp ntp.example.org offset=500ms stratum=4
        on down syslog level=error
