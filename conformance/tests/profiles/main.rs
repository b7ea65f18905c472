//! Profiles are read from their files with every complaint at its place, and hold messages to what
//! they say. The rules themselves are tested in `isthmus_hl7v2`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests may be blunt"
)]

mod complaints;
mod example;
mod folder;
mod samples;
mod spoilt_text;
