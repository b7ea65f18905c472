//! The one HTTP client of all adapters: what became of a request. How its connections come about is
//! in `connection`; what is sent and what a status means is the adapters' business.

pub mod client;
mod connector;
mod departure;
mod runtime;
