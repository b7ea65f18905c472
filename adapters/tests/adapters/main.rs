//! What the adapters and their runner promise, tried through the public API against files and
//! servers on loopback. The loops that hand records over are tried elsewhere.
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

mod accounting;
mod addresses;
mod amqp_configuration;
mod amqp_form;
mod amqp_judging;
mod brokered;
mod configuration;
mod dropped;
mod dry_run;
mod event_form;
mod fake_time;
mod files_configuration;
mod files_folder;
mod files_form;
mod http2;
mod inbound;
mod judging;
mod measure;
mod mllp_answers;
mod mllp_configuration;
mod mllp_connections;
mod mllp_faults;
mod mllp_form;
mod mllp_judging;
mod mllp_peer;
mod mllp_tls;
mod ndjson_folder;
mod pace;
mod pki;
mod released;
mod runtime;
mod scripted_server;
mod scripted_transport;
mod sending;
mod signatures;
mod tls_peers;
