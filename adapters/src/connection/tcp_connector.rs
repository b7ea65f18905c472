//! `TcpConnector`: names are resolved, the addresses asked of the filter, and TCP set up within a
//! stated time. The cause of a failure is a code; texts of peers go nowhere.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use tokio::net::TcpStream;

use crate::connection::address_filter::AddressFilter;
use crate::endpoint::{is_this_machine, literal};

/// At most this many addresses of a name are tried.
const ADDRESSES_MAX: usize = 4;

/// No connection came about, for the cause of this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no connection: {0}")]
pub(crate) struct NoConnection(pub(crate) &'static str);

/// Connects over TCP to addresses that the filter lets pass.
#[derive(Clone)]
pub(crate) struct TcpConnector {
    pub(crate) filter: Arc<AddressFilter>,
    pub(crate) executor: Arc<dyn Executor>,
    /// The time for all addresses together.
    pub(crate) limit: Duration,
}

impl fmt::Debug for TcpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TcpConnector({:?})", self.filter)
    }
}

impl TcpConnector {
    /// Connects to a host, brackets around an IPv6 address included.
    pub(crate) async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, NoConnection> {
        let addresses = self.addresses(host, port).await?;
        let share = self.limit / u32::try_from(addresses.len()).unwrap_or(1).max(1);
        let mut cause = NoConnection("dns");
        for address in addresses {
            let stream = tokio::select! {
                stream = TcpStream::connect(address) => stream,
                () = self.executor.sleep(share) => {
                    cause = NoConnection("connect-timeout");
                    continue;
                }
            };
            match stream {
                Ok(stream) => {
                    // What is sent is written in one piece; waiting for more only delays it.
                    drop(stream.set_nodelay(true));
                    return Ok(stream);
                }
                Err(_refused) => cause = NoConnection("connect"),
            }
        }
        Err(cause)
    }

    /// What a host resolves to and the filter lets pass.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, NoConnection> {
        let found: Vec<SocketAddr> = match literal(host) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => tokio::net::lookup_host((host, port))
                .await
                .map_err(|_unresolved| NoConnection("dns"))?
                .collect(),
        };
        if found.is_empty() {
            return Err(NoConnection("dns"));
        }
        let is_here = is_this_machine(host);
        let permitted = found
            .into_iter()
            .filter(|address| self.filter.permits(address.ip(), is_here));
        let permitted: Vec<SocketAddr> = permitted.take(ADDRESSES_MAX).collect();
        if permitted.is_empty() {
            return Err(NoConnection("address-denied"));
        }
        Ok(permitted)
    }
}
