//! The record contract that ships: its schemas, the records that the maps make, what may change
//! between releases, and the documents made of it. The language is tested in `language`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may be blunt"
)]

mod additions;
mod asyncapi;
mod checker;
mod golden;
mod new_folder;
mod schemas;
