//! The client of receivers of HL7 v2 messages: connections that stay, one message at a time on
//! each, and what a receiver said. What a message holds and what an answer leads to is `mllp`'s.

pub mod client;
mod connection;
mod connector;
pub mod settings;
