//! The promises of the ledger's tree, kept through the public API; one file a promise. The
//! reference proofs are tried in `tests/reference_proofs` of the workspace.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may be blunt"
)]

mod entries;
mod keys_and_notes;
mod memory_ledger;
mod read_by_people;
mod signed_while_growing;
mod tampered;
mod tree;
