//! The tree over the ledger: its signed checkpoints, its verification, and its entries as people
//! read them. What an entry says is told in `isthmus_core::ledger`; the rows are the store's.

pub mod checkpoint;
pub mod checkpoint_loop;
pub mod merkle;
pub mod proof;
pub mod signing_key;
pub mod verify;
pub mod verifying_key;
pub mod view;
