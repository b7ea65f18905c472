//! The client of an SFTP server: how a file comes whole to where its recipient looks for it. What a
//! file holds is the business of `files`.

pub mod client;
pub(crate) mod connector;
pub(crate) mod packet;
pub(crate) mod session;
pub mod settings;
pub mod ssh_keys;
pub(crate) mod upload;
