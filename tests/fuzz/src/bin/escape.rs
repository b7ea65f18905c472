//! Feeds `isthmus_fuzz::escape` with what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| isthmus_fuzz::escape::check(bytes));
