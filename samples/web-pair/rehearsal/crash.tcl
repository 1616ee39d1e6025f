# Hosts die, networks break, nginx does not start:
#
#     failsh --rehearse samples/web-pair/rehearsal/crash.tcl

foreach host {hosta hostb} {
    host $host -f ../site.tcl -set site(me) $host -f ../web.tcl
}

# nginx takes its time to end: it lets its clients finish.
command "start-stop-daemon --stop *" takes 1.5s

expect web UP on hosta within 5s after start

at 20s crash hosta
at 50s return hosta
expect web UP on hostb within 2s after "crash hosta"
expect web UP on hosta within 5s after "return hosta"

# Somebody works on hosta.
at 80s  away web on hosta "kernel update"
at 100s back web on hosta
expect web UP on hostb within 5s after "away web on hosta kernel update"
expect web UP on hosta within 5s after "back web on hosta"

# The cable between the hosts is pulled: both serve, and nobody can help that. When it is
# plugged in again, one of them must give way.
at 120s partition {hosta} {hostb} for 20s

# nginx dies, and is found by the check, every two seconds, three times.
at 170s lose "daemon /run/nginx.pid" on hosta
expect web UP on hostb within 10s after "lose daemon /run/nginx.pid on hosta"

# hostb dies while nothing of hosta works: nobody serves, and that is so until nginx starts.
at 200s crash hostb
at 201s command "start-stop-daemon --start *" on hosta fails "nginx: bad configuration" for 20s
at 240s return hostb

expect web UP on exactly 1 host after 30s unless degraded
never  web UP on 2 hosts for more than 4s unless partitioned
never  web UP on 0 hosts for more than 40s
never  thing "address 192.0.2.10" on 2 hosts for more than 4s unless partitioned
