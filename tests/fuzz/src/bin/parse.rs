//! Feeds `isthmus_fuzz::parse` with what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| isthmus_fuzz::parse::check(bytes));
