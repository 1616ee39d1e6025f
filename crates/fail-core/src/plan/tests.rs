//! Story tests of the failover shell.
