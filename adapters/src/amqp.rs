//! A recipient that takes records from a queue of its own: one message a record through a RabbitMQ
//! broker, by AMQP 0-9-1, its body sealed unless told otherwise. How it is published is in
//! `amqp_client`.

pub mod config;
pub mod destination;
pub mod request;
pub mod response;
