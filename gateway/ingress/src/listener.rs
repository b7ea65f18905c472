//! `Listener`, a socket on which connections come in, plain or over TLS. What is said on one is in
//! `mllp_session` and `http_session`.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::current::Current;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::error::IngressError;
use crate::http_session;
use crate::listener_config::{Bounds, ListenerConfig};
use crate::mllp_session;
use crate::peer::{Peer, certificate_names};
use crate::seams::{Seams, within};
use crate::tls::server_config;

/// Connections that the system holds until they are accepted.
const BACKLOG: u32 = 1024;

/// How long to wait when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Frames, one a message (HL7 v2.5.1 chapter 2, appendix C).
    Mllp,
    /// A message the body of a request, its acknowledgement that of the response.
    Http,
}

/// A listener that is bound and not yet running.
pub struct Listener {
    protocol: Protocol,
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Current<ServerConfig>>>,
    bounds: Bounds,
    seams: Arc<Seams>,
}

impl Listener {
    /// Checks the configuration, reads the certificates and binds the socket.
    ///
    /// # Errors
    /// A plain listener beyond loopback without a recorded reason, bounds that do not fit,
    /// certificates and keys that cannot serve, an address that cannot be bound.
    pub fn bind(
        protocol: Protocol,
        config: &ListenerConfig,
        seams: Arc<Seams>,
    ) -> Result<Self, IngressError> {
        config.check(seams.budget.bytes())?;
        let now = seams.clock.now();
        let tls = config.tls.as_ref();
        let tls = tls.map(|tls| server_config(tls, now)).transpose()?;
        let tls = tls.map(|tls| Arc::new(Current::new(tls)));
        let address = config.listen;
        let unbound = |source| IngressError::Listen { address, source };
        let socket = open(address).map_err(unbound)?;
        let address = socket.local_addr().map_err(unbound)?;
        if tls.is_none() && !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                reason = config.plain_reason.as_deref(),
                "messages come in without TLS, for the recorded reason"
            );
        }
        Ok(Self {
            protocol,
            socket,
            address,
            tls,
            bounds: config.bounds,
            seams,
        })
    }

    /// Where it listens; with the port that the system chose for port 0.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// What new connections speak TLS by; none for a plain listener. Connections that are open go
    /// on as they began when it is replaced.
    pub fn tls(&self) -> Option<Arc<Current<ServerConfig>>> {
        self.tls.as_ref().map(Arc::clone)
    }

    /// Accepts connections until `stop` turns true, or nobody is left who could turn it; returns
    /// when every message that had come in whole is answered and all connections are closed.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let seams = &self.seams;
        let most = self.bounds.connections_max;
        let places = Arc::new(Semaphore::new(most as usize));
        let mut is_full = false;
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stopping| *stopping) => break,
                accepted = self.socket.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::error!(address = %self.address, %error, "cannot accept a connection");
                    seams.executor.sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                seams.counters.connections_over_bound.one();
                if !is_full {
                    tracing::error!(
                        address = %self.address,
                        connections_max = most,
                        "all connections are taken; new ones are closed until one ends"
                    );
                }
                is_full = true;
                continue;
            };
            is_full = false;
            let connection = self.connection(stream, peer, place, stop.clone());
            seams.executor.spawn("connection", Box::pin(connection));
        }
        drop(self.socket);
        // The semaphore is never closed, so this ends when the last connection does.
        let _all = places.acquire_many(most).await;
    }

    /// The whole life of one connection.
    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        place: OwnedSemaphorePermit,
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (seams, bounds) = (Arc::clone(&self.seams), self.bounds);
        let protocol = self.protocol;
        let tls = self.tls.as_ref().map(|tls| tls.get());
        async move {
            seams.counters.connections.one();
            seams.counters.connections_open.one();
            let talk = Talk {
                protocol,
                seams: &seams,
                bounds: &bounds,
                stop,
            };
            talk.over(stream, peer, tls).await;
            seams.counters.connections_open.one_less();
            drop(place);
        }
    }
}

/// What one connection needs.
struct Talk<'s> {
    protocol: Protocol,
    seams: &'s Seams,
    bounds: &'s Bounds,
    stop: watch::Receiver<bool>,
}

impl Talk<'_> {
    /// Serves the connection, behind a handshake where there is TLS.
    async fn over(self, stream: TcpStream, peer: SocketAddr, tls: Option<Arc<ServerConfig>>) {
        // Without it an acknowledgement may wait for the next one; it works without.
        let _faster = stream.set_nodelay(true);
        let address = peer.ip().to_canonical();
        let Some(tls) = tls else {
            let peer = Peer {
                address,
                certificate: Vec::new(),
            };
            return self.serve(stream, &peer).await;
        };
        let handshake = TlsAcceptor::from(tls).accept(stream);
        let (executor, time) = (self.seams.executor.as_ref(), self.bounds.handshake());
        let handshake = within(executor, time, handshake).await;
        let shaken = handshake.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()));
        match shaken {
            Ok(stream) => {
                let chain = stream.get_ref().1.peer_certificates();
                let leaf = chain.and_then(|chain| chain.first());
                let certificate = leaf.map(certificate_names).unwrap_or_default();
                let peer = Peer {
                    address,
                    certificate,
                };
                self.serve(stream, &peer).await;
            }
            Err(error) => {
                self.seams.counters.handshakes_failed.one();
                tracing::warn!(peer = %address, %error, "a TLS handshake failed");
            }
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: &Peer) {
        let (seams, bounds) = (self.seams, self.bounds);
        match self.protocol {
            Protocol::Mllp => mllp_session::serve(stream, peer, seams, bounds, self.stop).await,
            Protocol::Http => http_session::serve(stream, peer, seams, bounds, self.stop).await,
        }
    }
}

/// Opens the socket. Connections inherit its keep-alive, so that a peer that vanished gives its
/// place back in the end.
fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.set_keepalive(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("address", &self.address)
            .field("tls", &self.tls.is_some())
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}
