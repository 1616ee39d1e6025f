# Those procs of the packages that would ask this machine, or somebody else, in a rehearsal.

namespace eval ::fail::still {
    variable instead {
        failover::mail {
            proc ::notify::SendMail {own body} {
                exec mail -s [dict get $own subject] {*}[dict get $own to] << $body
                return
            }
        }
        failover::webhook {
            proc ::notify::SendWebhook {own document} {
                exec webhook [dict get $own url] << $document
                return
            }
        }
        failover::ocf {
            # The agent is not asked what it is: it may not be here.
            proc ::ocf::Describe args {
                return {parameters {} actions {start 20 stop 20 monitor 20}}
            }
            proc ::ocf::Fits args {}
        }
    }
}

proc ::fail::still::furnish {} {
    variable instead
    dict for {package script} $instead {
        set version [lindex [package versions $package] 0]
        package ifneeded $package $version "[package ifneeded $package $version]\n$script"
    }
}
::fail::still::furnish
