#![no_main]
//! Runs `quarry_fuzz::pdf`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::pdf(bytes));
