//! fail-cli
