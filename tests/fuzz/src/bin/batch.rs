//! Feeds `isthmus_fuzz::batch` with what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| isthmus_fuzz::batch::check(bytes));
