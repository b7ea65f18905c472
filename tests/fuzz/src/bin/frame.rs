//! Feeds `isthmus_fuzz::frame` with what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| isthmus_fuzz::frame::check(bytes));
