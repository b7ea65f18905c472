//! `AmqpSettings`, how a broker is reached and what must be there before anything is published.

use std::fmt;
use std::time::Duration;

use crate::broker_url::BrokerUrl;
use crate::connection::address_filter::AddressFilter;
use crate::connection::certificates::TlsFiles;

/// How a client connects, how long it waits, and where it publishes to.
#[derive(Debug, Clone)]
pub struct AmqpSettings {
    /// Where the broker is.
    pub url: BrokerUrl,
    /// Who we are.
    pub user: String,
    /// What proves it.
    pub password: BrokerPassword,
    /// Where it may connect to.
    pub filter: AddressFilter,
    /// Of what TLS is made; none for a broker on this machine that is spoken to without.
    pub tls: Option<TlsFiles>,
    /// The longest wait for a connection that is ready to publish.
    pub connect_timeout: Duration,
    /// The longest wait for a confirm.
    pub confirm_timeout: Duration,
    /// How many messages may be unconfirmed at once.
    pub at_once: usize,
    /// What must be there.
    pub topology: Topology,
}

/// A password, shown to nobody.
#[derive(Clone)]
pub struct BrokerPassword(String);

impl BrokerPassword {
    /// A password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself, for the handshake.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BrokerPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrokerPassword(..)")
    }
}

/// The exchange and queues of a recipient. They are the recipient's own, so they are looked for and
/// made only when the configuration says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// The exchange; none for the default one.
    pub exchange: Option<String>,
    /// The queues that are known.
    pub queues: Vec<String>,
    /// By which keys each of these queues is to be bound to the exchange.
    pub routing_keys: Vec<String>,
    /// Whether what is absent is made.
    pub declare: bool,
}
