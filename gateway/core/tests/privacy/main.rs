//! What the privacy gate promises, through its public API: every broken policy is refused with its
//! place, and nothing leaves that no row grants. Crates that build on the gate test their own part.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    unreachable_pub,
    reason = "tests may be blunt"
)]

mod coarsening;
mod flow_report;
mod load_errors;
mod message_rows;
mod messages;
mod misspelt_paths;
mod non_interference;
mod projected_subset;
mod projection;
mod read_proof;
mod refusals;
mod release;
mod row_errors;
mod scenario;
mod sealing;
mod shared_facts;
mod torn_policies;
