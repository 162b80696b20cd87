#![no_main]
//! Runs `quarry_fuzz::markdown`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::markdown(bytes));
