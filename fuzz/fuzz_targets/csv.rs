#![no_main]
//! Runs `quarry_fuzz::csv`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::csv(bytes));
