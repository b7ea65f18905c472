//! The promises of the store, kept through its public API; one file a promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    missing_docs,
    reason = "tests may be blunt"
)]

mod consents;
mod delivery_queue;
mod full;
mod group_commit;
mod keys;
mod killed;
mod ledger;
mod links;
mod lists;
mod opening;
mod owed_answers;
mod restrictions;
mod rulings;
mod support;
