# Scripts in namespaces, with variables of their own.
namespace eval web {
    variable device eth0
    proc start {} {
        variable device
        exec ip address replace 192.0.2.10/24 dev $device
        return UP
    }
    proc stop {} { variable device; exec ip address flush dev $device to 192.0.2.10; return RECOVER }
    proc check {} { return UP }
    failsvc web start [namespace code start] stop [namespace code stop]
    failsvc web check [namespace current]::check checkinterval 2s
    namespace export start stop
}
namespace eval db {
    namespace import ::web::start
    failsvc db start ::db::start stop {web::stop}
}
