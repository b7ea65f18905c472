//! The stages of the gateway in their order, over the seams of `isthmus-core`; which parts stand
//! behind the seams is decided in `gateway/server`.

pub mod asked;
pub mod before_sending;
pub mod deliver_loop;
pub mod forward_loop;
pub mod journal_intake;
pub mod ledger_notes;
pub mod rebuild_stage;
pub mod release_stage;
pub mod retry_schedule;
pub mod rules_in_force;
pub mod second_decision;
pub mod shaping;
pub mod translate_stage;
