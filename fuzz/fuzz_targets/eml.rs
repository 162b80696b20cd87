#![no_main]
//! Runs `quarry_fuzz::eml`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::eml(bytes));
