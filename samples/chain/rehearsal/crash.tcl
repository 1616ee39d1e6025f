# Four hosts, of which three die one after the other:
#
#     failsh --rehearse samples/chain/rehearsal/crash.tcl

foreach host {hosta hostb hostc hostd} {
    host $host -set me $host -f ../web.tcl
}

expect web UP on hosta within 10s after start

at 20s crash hosta
at 40s crash hostb
at 60s crash hostc
expect web UP on hostb within 3s after "crash hosta"
expect web UP on hostc within 3s after "crash hostb"
expect web UP on hostd within 3s after "crash hostc"

at 80s  return hostc
at 100s return hosta
at 120s return hostb
expect web UP on hostc within 10s after "return hostc"
expect web UP on hosta within 10s after "return hosta"

# The web server of hosta does not answer any more: the next host takes over, and a mail is
# sent; not more than ten in ten minutes.
at 150s command "curl *" on hosta exits 7 "Failed to connect" for 30s
expect web UP on hostb within 10s after "command curl * on hosta exits 7 Failed to connect for 30s"
expect command "mail *" on hostb within 20s after "command curl * on hosta exits 7 Failed to connect for 30s"

expect web UP on exactly 1 host after 40s
never  web UP on 2 hosts for more than 1s
