//! Runs `fail_fuzz::certificate`, whose promises stand in its file.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fail_fuzz::certificate(data));
