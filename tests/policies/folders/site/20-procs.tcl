proc service {name args} {
    failsvc $name slaves hostb start [list run start UP {*}$args] stop [list run stop RECOVER {*}$args]
}
proc run {verb state args} {
    foreach unit $args { exec systemctl $verb $unit }
    return $state
}
