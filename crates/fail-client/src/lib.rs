//! fail-client
