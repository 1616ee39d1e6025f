# Each host takes over the service of the other one, and gives it back:
#
#     failsh --rehearse samples/symmetric/rehearsal/crash.tcl

foreach host {hosta hostb} {
    host $host -set me $host -f ../services.tcl
}

expect web UP on hosta within 5s after start
expect dns UP on hostb within 5s after start

at 20s crash hosta
at 50s return hosta
expect web UP on hostb within 4s after "crash hosta"
expect web UP on hosta within 5s after "return hosta"

# named is broken on hostb: dns moves, web stays.
at 80s command "systemctl * start -- named.service" on hostb fails "Job for named.service failed" for 30s
at 81s lose "unit named.service" on hostb
expect dns UP on hosta within 15s after "lose unit named.service on hostb"
expect dns UP on hostb within 90s after "lose unit named.service on hostb"

foreach service {web dns} {
    expect $service UP on exactly 1 host after 40s
    never  $service UP on 2 hosts for more than 1s
}
