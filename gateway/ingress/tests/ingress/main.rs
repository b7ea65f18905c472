//! What the listeners promise, tried through the public API with a store in memory.
//! Real clients of other makers are tried elsewhere.
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

mod answers;
mod application_answers;
mod batches;
mod batches_bounds;
mod bounds;
mod charsets;
mod client;
mod configuration;
mod debts;
mod fake_intake;
mod folders;
mod folders_kept_apart;
mod frames;
mod http;
mod large_messages;
mod listeners;
mod messages;
mod only_stored_is_positive;
mod peers_faults;
mod pki;
mod profiles;
mod rig;
mod runtime;
mod sample_messages;
mod senders;
mod sequence_numbers;
mod telling_senders;
mod tls_peers;
