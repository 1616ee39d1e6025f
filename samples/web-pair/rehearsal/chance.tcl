# A hundred nights in which anything may happen:
#
#     failsh --rehearse samples/web-pair/rehearsal/chance.tcl

foreach host {hosta hostb} {
    host $host -f ../site.tcl -set site(me) $host -f ../web.tcl
}

random 100 seeds of 2m

expect web UP on exactly 1 host after 30s unless degraded
never  web UP on 2 hosts for more than 2s unless degraded
