//! fail-conf
