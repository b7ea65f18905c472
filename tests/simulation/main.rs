//! The pipeline under simulation: the product's loops over simulated seams, in thousands of runs
//! that differ by their seeds. After each, no acknowledged message is lost, nothing has two
//! effects, and first sightings never go backwards. A run that fails tells how to repeat it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    clippy::map_err_ignore,
    clippy::similar_names,
    clippy::struct_excessive_bools,
    missing_docs,
    reason = "tests may be blunt"
)]

mod broker;
mod campaign;
mod consents;
mod dice;
mod disk;
mod ears;
mod embedded;
mod facts;
mod faults;
mod finds;
mod gateway;
mod invariants;
mod machine;
mod messages;
mod people;
mod plan;
mod planted;
mod planted_answers;
mod run;
mod senders;
mod sinks;
mod site;
mod store;
mod tables;
mod trace;
mod weather;
mod world;
