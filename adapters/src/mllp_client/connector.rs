//! `Connector`, how a connection to a receiver comes about: TCP, then TLS when the URL says so, all
//! within a stated time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use crate::connection::tcp_connector::{NoConnection, TcpConnector};
use crate::mllp_client::connection::{Connection, Stream};
use crate::mllp_url::MllpUrl;

/// Makes connections to one receiver.
pub(crate) struct Connector {
    pub(crate) url: MllpUrl,
    /// None for a receiver on this machine that is spoken to without TLS.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) tcp: TcpConnector,
    pub(crate) limit: Duration,
    pub(crate) executor: Arc<dyn Executor>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connector").field(&self.url).finish()
    }
}

impl Connector {
    /// Connects; the error is the code of why not.
    pub(crate) async fn connect(&self) -> Result<Connection, &'static str> {
        tokio::select! {
            stream = self.stream() => stream.map(Connection::new).map_err(|cause| cause.0),
            () = self.executor.sleep(self.limit) => Err("connect-timeout"),
        }
    }

    async fn stream(&self) -> Result<Box<dyn Stream>, NoConnection> {
        let MllpUrl { host, port, .. } = &self.url;
        let plain = self.tcp.connect(host, *port).await?;
        let Some(config) = &self.tls else {
            return Ok(Box::new(plain));
        };
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(name.to_owned());
        let name = name.map_err(|_no_name| NoConnection("tls"))?;
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = connector.connect(name, plain).await;
        Ok(Box::new(stream.map_err(|_handshake| NoConnection("tls"))?))
    }
}
