failtrap * unreachable {fail log warn "$::fail::data"}
failsvc web start {return UP} stop {return RECOVER}
fail log debug "read [llength [failtrap]] traps"
fail after 1h {fail log info "still here"}
