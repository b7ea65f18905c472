//! Typed reads: what a place holds, by the datatypes of the standard. Splitting fields is done in
//! `field`; what a value means in FHIR is decided elsewhere.

pub mod address;
pub mod coded;
pub mod hierarchic_designator;
pub mod identifier;
pub mod numeric;
pub mod person_name;
pub mod structured_numeric;
pub mod telecom;
pub mod time_stamp;
mod view;
