//! fail-sim
