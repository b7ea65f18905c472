//! From text to the tree of `ast`: statements line by line, then nesting by indentation.
//! Nothing here knows HL7 or FHIR; that is `compile`'s business.

pub mod condition;
pub mod cursor;
pub mod file;
pub mod header;
pub mod literal;
pub mod row;
pub mod segment_definition;
pub mod statement;
