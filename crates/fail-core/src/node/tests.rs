//! Story tests of the state daemon.
