//! The delivery queue over a broker: sealed deliveries go through RabbitMQ to the workers, and the
//! store stays the truth. No file here knows the store, a recipient, or what a delivery holds.

mod acknowledgements;
pub mod broker;
pub mod brokered_queue;
mod courier;
pub mod rabbitmq;
mod transit;
