//! Destinations: each has a folder with the same files, pure in planning and judging; the runner
//! performs what they plan. What may leave was decided before, by the gate.

pub mod adapter;
pub mod amqp;
pub mod amqp_client;
pub mod amqp_message;
pub mod append_file;
pub mod append_transport;
mod breaker;
pub mod broker_url;
mod cloud_event;
mod config_rules;
pub mod connection;
pub mod dry_run;
pub mod endpoint;
pub mod http_client;
pub mod inbound;
mod json_text;
pub mod jwe;
pub mod limits;
pub mod mllp;
pub mod mllp_client;
pub mod mllp_message;
pub mod mllp_url;
pub mod ndjson_folder;
pub mod network;
mod pace;
mod pause;
pub mod retry_after;
pub mod runner;
pub mod standard_webhooks;
mod token_bucket;
pub mod transport;
pub mod webhook;
