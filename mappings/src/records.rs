//! The record contract: the schemas of what recipients get, and the documents made of them.
//! How records are made is told by the maps.

pub mod async_api;
pub mod schema;
pub mod schemas;
