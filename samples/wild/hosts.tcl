# Only where the names of the hosts are not in DNS or in /etc/hosts.
failhost hostb address 192.0.2.12
