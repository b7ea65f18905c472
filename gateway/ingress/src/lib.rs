//! The listeners through which messages come in, who may send what, and what senders are told.
//! What becomes of a message after it is stored is decided elsewhere.

pub mod acknowledgement;
pub mod acknowledgement_table;
mod admission;
mod answer_window;
mod answer_writer;
mod authority_check;
pub mod budget;
mod certificate_file;
pub mod certificate_term;
pub mod counters;
mod entitlement;
pub mod error;
mod fate;
mod frame_reader;
mod frame_stream;
mod http_exchange;
pub mod http_session;
mod http_timer;
pub mod listener;
pub mod listener_config;
pub mod mllp_session;
pub mod network;
mod numbering;
pub mod origin;
mod outcome_note;
pub mod peer;
pub mod receipt;
mod recognition;
pub mod rejection;
pub mod seams;
pub mod sender;
pub mod sender_binding;
mod standing;
pub mod terms;
pub mod tls;
