//! Element paths such as `Patient.name[use=official].given[0]`: their grammar, their meaning in
//! the definitions, reading and writing along them, and which path includes which.

pub mod cover;
pub mod parse_error;
pub mod parser;
pub mod problem;
pub mod resolve;
pub mod select;
pub mod span;
pub mod syntax;
pub mod write;
