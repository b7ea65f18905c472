//! Messages that are built, changed and encoded: what is set is what is read, and the rest stays as
//! it was, byte for byte. Answers are tested in `acknowledgment`. Persons are invented.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

mod any_message;
mod building;
mod encoding;
mod leaves;
