//! What the gateway promises as a whole, shown on the real process; one file a promise. What one
//! crate promises by itself is in that crate's tests.

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

mod broker;
mod canary_messages;
mod canary_run;
mod canary_scan;
mod gateway;
mod mllp_peer;
mod queue_move;
mod receiver;
mod registry;
mod waiting_record;
mod webhook_site;

mod acknowledgements;
mod amqp_destination;
mod amqp_refusals;
mod application_acknowledgements;
mod backpressure;
mod bad_configuration;
mod bad_input;
mod certificates;
mod conformance_commands;
mod consent_before_sending;
mod demo;
mod disclosed_fields;
mod files_and_batches;
mod files_destination;
mod foreign_clients;
mod hl7_over_http;
mod hospital_feed;
mod message_profiles;
mod misspelt_policies;
mod mllp_destination;
mod no_patient_data_leaks;
mod notify_socket;
mod one_dead_destination;
mod reload;
mod restart_recovers;
mod retries_and_parking;
mod revocation_is_final;
mod sequence_numbers;
mod signed_webhooks;
mod stopping;
mod v2_to_v2;
