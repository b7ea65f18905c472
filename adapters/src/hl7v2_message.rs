//! HL7 v2 messages as every destination that sends them makes them: the header from the route, the
//! segments from the record. How they leave is the business of `mllp` and `files`.

pub mod header_keys;
pub(crate) mod record_form;
pub(crate) mod template;
