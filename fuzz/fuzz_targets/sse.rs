#![no_main]
//! Runs `quarry_fuzz::sse`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quarry_fuzz::sse(bytes));
