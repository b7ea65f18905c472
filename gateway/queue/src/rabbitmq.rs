//! RabbitMQ behind the `Broker` seam, over AMQP 0-9-1: where it is, what is declared there, and how
//! parcels travel. Which parcels do, and when, is decided in `courier`.

pub mod address;
pub mod broker;
mod channel;
mod connections;
mod topology;
