failsvc web confirm {many 10ms}
