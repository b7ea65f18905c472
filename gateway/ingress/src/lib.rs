//! The listeners through which messages come in, who may send what, and what senders are told.
//! What becomes of a message after it is stored is decided elsewhere.

pub mod acknowledgement_table;
mod admission;
mod answer_window;
mod authority_check;
pub mod budget;
mod certificate_file;
pub mod counters;
pub mod error;
pub mod mllp_config;
pub mod network;
pub mod origin;
pub mod peer;
mod recognition;
pub mod rejection;
pub mod seams;
pub mod sender;
pub mod sender_binding;
pub mod tls;
