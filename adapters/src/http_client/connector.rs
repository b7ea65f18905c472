//! How connections are made: names are resolved, the addresses asked of the filter, and TCP and TLS
//! set up within a stated time. The cause of a failure is a code; texts of peers go nowhere.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::endpoint::{is_this_machine, literal};
use crate::http_client::address_filter::AddressFilter;

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

impl TcpConnector {
    async fn connect(self, uri: Uri) -> Result<TokioIo<TcpStream>, NoConnection> {
        let host = uri.host().ok_or(NoConnection("url"))?;
        let usual = if uri.scheme_str() == Some("http") {
            80
        } else {
            443
        };
        let port = uri.port_u16().unwrap_or(usual);
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
                    // A request is written in one piece; waiting for more only delays it.
                    drop(stream.set_nodelay(true));
                    return Ok(TokioIo::new(stream));
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

impl Service<Uri> for TcpConnector {
    type Response = TokioIo<TcpStream>;
    type Error = NoConnection;
    type Future = BoxFuture<'static, Result<Self::Response, NoConnection>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), NoConnection>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// Connects within a stated time, the handshake of TLS included.
#[derive(Clone)]
pub(crate) struct BoundedConnector {
    pub(crate) inner: HttpsConnector<TcpConnector>,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) limit: Duration,
}

impl Service<Uri> for BoundedConnector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = NoConnection;
    type Future = BoxFuture<'static, Result<Self::Response, NoConnection>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), NoConnection>> {
        self.inner
            .poll_ready(context)
            .map_err(|error| cause(&*error))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.inner.call(uri);
        let limit = self.executor.sleep(self.limit);
        Box::pin(async move {
            tokio::select! {
                connected = connecting => connected.map_err(|error| cause(&*error)),
                () = limit => Err(NoConnection("connect-timeout")),
            }
        })
    }
}

/// What is no failure of ours below is one of TLS above.
fn cause(error: &(dyn Error + Send + Sync + 'static)) -> NoConnection {
    let ours = error.downcast_ref::<NoConnection>();
    ours.copied().unwrap_or(NoConnection("tls"))
}
