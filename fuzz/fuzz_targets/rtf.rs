#![no_main]
//! Runs `quarry_fuzz::rtf`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::rtf(bytes));
