//! The privacy gate: what may leave, to whom, for which purpose, and the only types that can leave.
//! Reading policy files from disk and keeping consents are not done here.

pub mod disclosure;
pub mod sealed_disclosure;
