//! FHIR R4 without input or output: the lossless element tree, its JSON form, the definitions as
//! tables, element paths and `OperationOutcome`. Sockets, storage, mappings and policies live in
//! the crates that build on it.

pub mod definitions;
pub mod element;
pub mod json;
pub mod name;
pub mod number;
pub mod operation_outcome;
pub mod path;
pub mod resource;
pub mod spelling;
