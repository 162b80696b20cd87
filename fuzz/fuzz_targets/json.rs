#![no_main]
//! Runs `quarry_fuzz::json`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::json(bytes));
