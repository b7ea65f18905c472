//! The one HTTP client of all adapters: where it may connect to, whom it trusts, and what became of
//! a request. What is sent and what a status means is the adapters' business.

pub mod address_filter;
pub mod certificates;
pub mod client;
mod connector;
mod departure;
mod runtime;
