//! The house rules, one a file, each with a planted violation that shows that it bites. What the
//! gateway does is tested elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "tests may be blunt"
)]

mod crate_arrows;
mod crate_table;
mod doors;
mod exceptions;
mod fences;
mod finding;
mod import_circles;
mod names;
mod orphans;
mod own_door;
mod planted;
mod secrets;
mod shape;
mod workspace;
