# What this set-up is for, tried: failsh --rehearse samples/minimal/rehearsal/crash.tcl
host hosta -f ../hosta
host hostb -f ../hostb

at 20s crash hosta
at 50s return hosta
at 80s partition {hosta} {hostb} for 20s

expect address UP on hosta within 5s after start
expect address UP on hostb within 2s after "crash hosta"
expect address UP on hosta within 3s after "return hosta"
expect address UP on exactly 1 host after 10s unless partitioned
never  address UP on 2 hosts for more than 500ms unless partitioned
never  thing "address 192.0.2.10" on 2 hosts for more than 1s unless partitioned
