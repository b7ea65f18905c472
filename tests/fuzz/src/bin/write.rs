//! Feeds `isthmus_fuzz::write` with what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| isthmus_fuzz::write::check(bytes));
