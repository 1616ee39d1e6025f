# A mail server: what brings mail in, and what lets it be read.

mail: smtp imap
        on down,up mail pager@example.net smtp=$(smtp) limit=5/1h

smtp: dns
        smtp mail.example.org tls=starttls days=14
        on warning,clear mail $(admin) smtp=$(smtp)
        maintenance Sun 03:00-04:00
        # A server that is dead is not asked all the time: after 10 s, 15 s, ... up to 5 minutes.
        backoff 10s 1.5 5m
        on down,up syslog

imap: dns
        imap mail.example.org tls=yes days=14 within=3s
        on warning,clear mail $(admin) smtp=$(smtp)
        maintenance Sun 03:00-04:00
        on down,up syslog
