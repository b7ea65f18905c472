//! The NDJSON folder: one file a recipient and day, one record a line; for recipients that collect
//! files, and for looking at what leaves. Appending itself is in `append_file`.

pub mod config;
pub mod destination;
pub mod request;
pub mod response;
