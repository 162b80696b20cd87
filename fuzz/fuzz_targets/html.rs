#![no_main]
//! Runs `quarry_fuzz::html`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::html(bytes));
