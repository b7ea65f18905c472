//! The functions of the language: values in, value out, one file a family and one list of all.
//! Sources that look like functions (`ref`, `setting`) are `compile`'s business.

pub mod call;
pub mod codes;
pub mod dates;
pub mod identity;
pub mod instants;
pub mod numbers;
pub mod registry;
pub mod text;
