//! Feeds `isthmus_fuzz::path` with what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| isthmus_fuzz::path::check(bytes));
