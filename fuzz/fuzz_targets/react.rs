#![no_main]
//! Runs `quarry_fuzz::react`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::react(bytes));
