# The old policy is as good as ever:
#
#     failsh --rehearse samples/wild/rehearsal/crash.tcl

host hosta -f ../hosts.tcl -f ../failover.tcl

# On hostb the same file stands with the ranks turned round.
host hostb -f ../failover.tcl -eval {
    failsvc ipaddr slaves {} masters hosta
    failhost hosta address 192.0.2.11
}

at 20s crash hosta
at 50s return hosta
expect ipaddr UP on hostb within 4s after "crash hosta"
expect ipaddr UP on hosta within 4s after "return hosta"
expect ipaddr UP on exactly 1 host after 20s
never  ipaddr UP on 2 hosts for more than 1s
