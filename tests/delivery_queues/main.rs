//! Every delivery queue keeps the same promises: one suite, run by the embedded queue and by the
//! one over RabbitMQ, and what only a broker can do to a delivery.
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

mod broker;
mod embedded;
mod given;
mod rabbitmq;
mod rabbitmq_faults;
mod rig;
mod suite;
mod suite_under_failures;
