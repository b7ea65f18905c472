//! A recipient that takes files: one record a file, as an HL7 v2 message or as JSON. How a file
//! comes to its place is in `drop_folder` and `sftp_client`.

pub mod config;
pub mod destination;
pub mod request;
pub mod response;
pub mod terminator;
