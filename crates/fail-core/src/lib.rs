//! fail-core
