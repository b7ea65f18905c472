//! The privacy gate: what may leave, to whom, for which purpose, and the only types that can leave.
//! Reading policy files from disk and keeping consents are not done here.

pub mod agreement;
pub mod allow_row;
pub mod basis;
pub mod circumstances;
mod closed_list;
pub mod coarsening;
pub mod codes;
pub mod consent;
pub mod data_class;
pub mod disclosure;
pub mod flow;
pub mod flow_report;
pub mod flow_terms;
pub mod granted_record;
mod permission;
mod policy_file;
pub mod policy_loader;
pub mod policy_set;
mod policy_text;
mod projection;
mod projector;
pub mod purpose;
mod read_proof;
pub mod recipient;
pub mod release;
mod row_conflicts;
mod row_path;
pub mod sealed_disclosure;
mod suggestion;
