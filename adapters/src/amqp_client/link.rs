//! `Link`, one connection to a broker that is ready to publish: made within a stated time, with the
//! channels that messages go by; and whether the broker takes messages now.

use std::io;
use std::net::Shutdown;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use async_compat::Compat;
use futures_util::StreamExt;
use isthmus_core::executor::Executor;
use lapin::options::ConfirmSelectOptions;
use lapin::tcp::{AsyncTcpStream, RustlsConnector};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Channel, Connection, ConnectionProperties, Error, Event};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};

use crate::amqp_client::connect_fault::{Asked, ConnectFault};
use crate::amqp_client::settings::AmqpSettings;
use crate::amqp_client::topology;
use crate::connection::tcp_connector::{NoConnection, TcpConnector};

/// Twice this many seconds without a word from the broker end a connection.
const HEARTBEAT_S: u16 = 15;
/// How the connection is called where the broker lists it.
const NAME: &str = "isthmus";

/// Whether a link can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkState {
    /// The broker takes messages.
    Open,
    /// The broker is short of memory or disk and takes none for the moment.
    Blocked,
    /// The connection is no more.
    Lost,
}

/// How a link comes about.
pub(crate) struct Connector {
    pub(crate) settings: AmqpSettings,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) tcp: TcpConnector,
    pub(crate) executor: Arc<dyn Executor>,
}

/// One connection that is ready to publish.
pub(crate) struct Link {
    connection: Connection,
    /// Channels without a message under way. One message at a time goes by each: the crate pairs a
    /// message that is given back with whichever confirm comes next, so with two under way it
    /// would take the one for the other.
    idle: Mutex<Vec<Channel>>,
    state: Arc<watch::Sender<LinkState>>,
    /// Its end ends the task that listens.
    _listening: oneshot::Sender<()>,
    /// Its end ends the connection.
    _socket: SocketGuard,
}

impl Connector {
    /// Connects and looks for what must be there.
    pub(crate) async fn link(&self) -> Result<Link, ConnectFault> {
        let linked = async {
            let socket = SocketGuard::default();
            let connection = self.connection(&socket).await?;
            let link = self.listened_to(connection, socket);
            let channel = link.channel().await;
            let channel = channel.map_err(|error| ConnectFault::of(&error, Asked::Connection))?;
            topology::ensure(&channel, &self.settings.topology).await?;
            link.give_back(channel);
            Ok(link)
        };
        tokio::select! {
            linked = linked => linked,
            () = self.executor.sleep(self.settings.connect_timeout) => {
                Err(ConnectFault::Unreached("connect-timeout"))
            }
        }
    }

    async fn connection(&self, socket: &SocketGuard) -> Result<Connection, ConnectFault> {
        let url = &self.settings.url;
        let uri = AMQPUri {
            scheme: if url.has_tls {
                AMQPScheme::AMQPS
            } else {
                AMQPScheme::AMQP
            },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: self.settings.user.clone(),
                    password: self.settings.password.reveal().to_owned(),
                },
                host: url.host.clone(),
                port: url.port,
            },
            vhost: url.vhost.clone(),
            query: AMQPQueryString {
                heartbeat: Some(HEARTBEAT_S),
                ..AMQPQueryString::default()
            },
        };
        let fault = |error| ConnectFault::of(&error, Asked::Connection);
        let runtime = lapin::runtime::default_runtime().map_err(fault)?;
        let (tcp, tls) = (self.tcp.clone(), Arc::clone(&self.tls));
        let slot = Arc::clone(&socket.0);
        let connect = async move |uri: AMQPUri, _runtime| {
            let stream = stream(&uri, &tcp, &tls, &slot).await;
            stream.map_err(|error| Error::from(io::Error::other(error)))
        };
        let properties = ConnectionProperties::default().with_connection_name(NAME.into());
        let connection = Connection::connector(uri, runtime, connect, properties);
        connection.await.map_err(fault)
    }

    /// Starts to listen to what the broker says of the connection.
    fn listened_to(&self, connection: Connection, socket: SocketGuard) -> Link {
        let events = connection.events_listener();
        let state = Arc::new(watch::Sender::new(LinkState::Open));
        let (listening, mut ended) = oneshot::channel();
        let (told, host) = (Arc::clone(&state), self.settings.url.host.clone());
        let task = async move {
            let mut events = pin!(events);
            loop {
                let event = tokio::select! {
                    event = events.next() => event,
                    _ended = &mut ended => return,
                };
                match event {
                    Some(Event::ConnectionBlocked(_)) => {
                        tracing::warn!(
                            host,
                            "the broker is short of memory or disk, waiting for it"
                        );
                        told.send_replace(LinkState::Blocked);
                    }
                    Some(Event::ConnectionUnblocked) => {
                        tracing::info!(host, "the broker takes messages again");
                        told.send_replace(LinkState::Open);
                    }
                    Some(Event::Error(_)) | None => {
                        told.send_replace(LinkState::Lost);
                        return;
                    }
                    Some(_) => {}
                }
            }
        };
        self.executor.spawn("amqp events", Box::pin(task));
        Link {
            connection,
            idle: Mutex::default(),
            state,
            _listening: listening,
            _socket: socket,
        }
    }
}

/// A stream to the broker, over TLS when its URL says so.
async fn stream(
    uri: &AMQPUri,
    tcp: &TcpConnector,
    tls: &Arc<ClientConfig>,
    slot: &Mutex<Socket>,
) -> Result<AsyncTcpStream<Compat<TcpStream>>, NoConnection> {
    let AMQPAuthority { host, port, .. } = &uri.authority;
    let stream = tcp.connect(host, *port).await?;
    let stream = guarded(stream, slot).ok_or(NoConnection("connect"))?;
    let stream = AsyncTcpStream::Plain(Compat::new(stream));
    if uri.scheme == AMQPScheme::AMQP {
        return Ok(stream);
    }
    let connector = RustlsConnector::from(Arc::clone(tls));
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let stream = stream.into_rustls(&connector, name).await;
    stream.map_err(|_handshake| NoConnection("tls"))
}

/// The socket of a connection.
#[derive(Debug, Default)]
enum Socket {
    /// It is not made yet.
    #[default]
    Awaited,
    /// A second handle to it.
    Made(std::net::TcpStream),
    /// It is not wanted any more.
    Unwanted,
}

/// Closes the socket of a connection that is given up. The crate would wait for a broker that
/// accepts and then says nothing for ever, on a thread of its own.
#[derive(Debug, Default)]
struct SocketGuard(Arc<Mutex<Socket>>);

impl Drop for SocketGuard {
    fn drop(&mut self) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Socket::Made(socket) = std::mem::replace(&mut *slot, Socket::Unwanted) {
            // One that is closed already is what is wanted.
            drop(socket.shutdown(Shutdown::Both));
        }
    }
}

/// Leaves a handle to a socket with its guard; none when it came too late.
fn guarded(stream: TcpStream, slot: &Mutex<Socket>) -> Option<TcpStream> {
    let stream = stream.into_std().ok()?;
    let second = stream.try_clone().ok()?;
    let stream = TcpStream::from_std(stream).ok()?;
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*slot, Socket::Unwanted) {
        return None;
    }
    *slot = Socket::Made(second);
    Some(stream)
}

impl Link {
    /// Whether messages can be published by it, now or when the broker takes them again.
    pub(crate) fn is_up(&self) -> bool {
        *self.state.borrow() != LinkState::Lost && self.connection.status().connected()
    }

    /// Whether the broker takes no messages for the moment.
    pub(crate) fn is_blocked(&self) -> bool {
        *self.state.borrow() == LinkState::Blocked || self.connection.status().blocked()
    }

    /// Completes when the broker takes messages, or the connection is no more.
    pub(crate) async fn unblocked(&self) {
        let mut state = self.state.subscribe();
        // The sender is ours, so it is not gone.
        let _told = state.wait_for(|state| *state != LinkState::Blocked).await;
    }

    /// Nothing more is published by it.
    pub(crate) fn give_up(&self) {
        self.state.send_replace(LinkState::Lost);
    }

    /// A channel for one message at a time.
    pub(crate) async fn channel(&self) -> lapin::Result<Channel> {
        loop {
            let idle = self.idle().pop();
            match idle {
                Some(channel) if channel.status().connected() => return Ok(channel),
                Some(_closed) => {}
                None => break,
            }
        }
        let channel = self.connection.create_channel().await?;
        let options = ConfirmSelectOptions::default();
        channel.confirm_select(options).await?;
        Ok(channel)
    }

    /// Keeps a channel for the next message. Only one whose message was answered.
    pub(crate) fn give_back(&self, channel: Channel) {
        self.idle().push(channel);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Channel>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
