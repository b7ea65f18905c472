//! The one client of brokers: how one is reached, what must be there, and what became of a message.
//! What is published and what an answer means is the adapters' business.

pub mod client;
pub mod connect_fault;
mod link;
mod publish;
pub mod settings;
mod topology;
