//! A recipient that takes HL7 v2 messages over MLLP, each settled by its acknowledgment. How one is
//! sent is in `mllp_client`.

pub mod config;
pub mod destination;
pub mod request;
pub mod response;
