//! FHIR R4 (4.0.1) as tables: structures, elements and the codes of required bindings; profiles,
//! invariants and terminology beyond required bindings are not here.

pub mod binding;
pub mod element_definition;
pub mod r4;
pub mod rows;
pub mod structure;
