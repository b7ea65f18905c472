//! Feeds `isthmus_fuzz::charset` with what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| isthmus_fuzz::charset::check(bytes));
