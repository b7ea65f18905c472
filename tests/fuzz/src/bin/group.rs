//! Feeds `isthmus_fuzz::group` with what libFuzzer finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| isthmus_fuzz::group::check(bytes));
