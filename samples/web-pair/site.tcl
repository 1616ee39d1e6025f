# What differs from site to site. The rest is in web.tcl.

# Who is this host? One of the names below.
set site(me) hosta

# All hosts, by rank, and where their failds answer: the first one serves as long as it can.
set site(hosts) {
    hosta 192.0.2.11
    hostb 192.0.2.12
}
set site(port) 1847

# The key that the failds of these hosts share. Make your own: openssl rand -hex 16
set site(community) 8hGq2vXw

# How often the others are asked. A dead host is noticed in little more than this.
set site(interval) 500ms

# The service address, which no host may configure at boot. With an empty device the address
# is taken to be there already, as those of loopback are, and is left alone.
set site(address) 192.0.2.10/24
set site(device) eth0

# nginx, the options it is started with, and where it writes its number.
set site(nginx) /usr/sbin/nginx
set site(options) {}
set site(pidfile) /run/nginx.pid
