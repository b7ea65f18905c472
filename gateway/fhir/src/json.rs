//! The JSON form of the tree (RFC 8259, UTF-8): reader and writer; the rules of FHIR about which
//! members may stand where are not checked here.

pub mod error;
pub mod limits;
pub mod reader;
pub mod writer;
