//! Services of `failover::ip` in real policies.
