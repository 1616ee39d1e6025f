package require failover::part
