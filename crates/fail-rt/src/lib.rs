//! fail-rt
