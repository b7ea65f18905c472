//! The store of one node on SQLite: journal, keys, consents and the embedded delivery queue.
//! What the rows mean to a patient is decided in the core; no message is read here.

mod commit_status;
mod committer;
mod conclusion_rows;
mod consent_rows;
mod consent_view;
mod data_schema;
mod database;
mod delivery_rows;
pub mod embedded_queue;
pub mod error;
pub mod file_key_ring;
mod generation_cache;
mod intake_rows;
mod key_file;
mod key_label;
mod ledger_rows;
mod link_rows;
pub mod master_key;
pub mod message_trail;
mod owed_rows;
pub mod parked_list;
mod random;
mod readers;
mod recipient_relay;
mod restriction_rows;
pub mod running_store;
mod settlement_rows;
pub mod sqlite_backlog;
pub mod sqlite_consents;
pub mod sqlite_journal;
pub mod sqlite_ledger;
pub mod sqlite_owed_answers;
pub mod store;
pub mod store_paths;
pub mod summary;
mod work;
