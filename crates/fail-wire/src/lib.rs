//! fail-wire
