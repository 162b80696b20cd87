#![no_main]
//! Runs `quarry_fuzz::chunk`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::chunk(bytes));
