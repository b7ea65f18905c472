//! The client of SFTP against the server of OpenSSH: files come whole, once and in place of their
//! earlier selves, whatever happens to the server; and nothing goes to one that is not the one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests may be blunt, and these watch real processes"
)]

mod faults;
mod keys;
mod rig;
mod uploads;
