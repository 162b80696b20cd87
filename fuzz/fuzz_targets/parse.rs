#![no_main]
//! Runs `quarry_fuzz::parse`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::parse(bytes));
