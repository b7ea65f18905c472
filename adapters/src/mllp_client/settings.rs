//! `MllpSettings`, how a receiver is reached and how long it is waited for.

use std::time::Duration;

use crate::connection::address_filter::AddressFilter;
use crate::connection::certificates::TlsFiles;
use crate::mllp_url::MllpUrl;

/// How a client connects, and how long it waits.
#[derive(Debug, Clone)]
pub struct MllpSettings {
    /// Where the receiver is.
    pub url: MllpUrl,
    /// Where it may connect to.
    pub filter: AddressFilter,
    /// Of what TLS is made; none for a receiver on this machine that is spoken to without.
    pub tls: Option<TlsFiles>,
    /// The longest wait for a connection that is ready to send.
    pub connect_timeout: Duration,
    /// The longest wait for an answer, sending included.
    pub answer_timeout: Duration,
    /// How many connections are kept.
    pub at_once: usize,
}
