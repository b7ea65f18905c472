//! `SftpSettings`, how a server is reached, by which keys, and how long it is waited for.

use std::time::Duration;

use crate::connection::address_filter::AddressFilter;
use crate::sftp_client::ssh_keys::{ClientKey, HostKeys};
use crate::sftp_url::SftpUrl;

/// How a client connects, and how long it waits.
#[derive(Debug, Clone)]
pub struct SftpSettings {
    /// Where the server is, and who we are there.
    pub url: SftpUrl,
    /// Where it may connect to.
    pub filter: AddressFilter,
    /// By which the server proves that it is the one.
    pub host_keys: HostKeys,
    /// By which we prove who we are.
    pub key: ClientKey,
    /// The mode that files are made with; the server may take rights away.
    pub mode: u32,
    /// The longest wait for a connection that is ready to send.
    pub connect_timeout: Duration,
    /// The longest wait for one answer of the server.
    pub answer_timeout: Duration,
    /// How many connections are kept.
    pub at_once: usize,
}
