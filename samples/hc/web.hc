# A web site on two hosts behind a service address, which failsh moves.
#
# nginx runs on both hosts. Each host runs hc with this file and asks its own nginx: one that
# does not serve is sent away, so the address goes to the other host; when it serves again it
# is called back. The user of hc must be able to read the community file: see INSTALL.

# The site as visitors see it.
www: dns
        http https://www.example.org/ status=200 match="Welcome" within=2s slow=500ms days=14
        flap 6 10m
        on down,up,flapping,renotify,warning,clear mail $(admin) smtp=$(smtp) limit=20/1h
        on change webhook https://hooks.example.org/failover timeout=10s

# The nginx of this host. Nothing in front of it: it is asked over loopback.
nginx:
        interval 2s
        retry 500ms
        http http://127.0.0.1/ header="Host: www.example.org" status=200 match="Welcome"
        # away when bad, back when good
        on change failc web community=/etc/failover/community
        on down exec /usr/bin/systemctl reload nginx every=10m

# How it looks behind the service: one of the two is enough.
webs: web-1 web-2
        need 1
web-1 web-2: router
web-%:
        tcp $@.example.org:80
        tcl checks.tcl pages http://$@.example.org/ 3
