//! What the row language promises, through its public API: errors with their place, the meaning
//! of every construct, exact read sets. The maps that ship are tested by their cases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unreachable_pub,
    reason = "tests may be blunt"
)]

mod arbitrary_text;
mod arrays;
mod blocks;
mod cases;
mod charsets;
mod choices;
mod functions;
mod library;
mod load_errors;
mod local_segments;
mod message_parts;
mod read_set;
mod record_schemas;
mod records;
mod references;
mod scenario;
mod scope;
mod states;
