//! The generic webhook: one signed HTTP request a record, a `CloudEvent` in structured JSON; for
//! any recipient that can take one. Signing itself is in `standard_webhooks`.

pub mod config;
pub mod destination;
pub mod inbound;
pub mod request;
pub mod response;
