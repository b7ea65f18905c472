//! From the tree of a map to its plan: every name and path checked against HL7 v2, FHIR R4 and the
//! rest of the map, all errors at once. Carrying the plan out is `run`'s business.

pub mod blocks;
pub mod casts;
pub mod compiler;
pub mod conditions;
pub mod element_path;
pub mod function;
mod group_path;
pub mod groups;
pub mod items;
pub mod local_segments;
pub mod map;
pub mod record_target;
pub mod rows;
pub mod scope;
pub mod segment_path;
pub mod source;
pub mod source_path;
pub mod target;
pub mod trace;
pub mod writes;
