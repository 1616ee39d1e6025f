fail for 1m {failsvc web interval 3}
