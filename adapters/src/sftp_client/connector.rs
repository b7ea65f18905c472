//! `Connector`, how a conversation with a server comes about: TCP, SSH with the server's key, our
//! login, SFTP, all within a stated time. Texts of servers go nowhere.

use std::borrow::Cow;
use std::fmt;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use russh::client::{self, Handle, Handler, Msg};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{AlgorithmKind, ChannelMsg, ChannelStream, Preferred, SshId};
use tokio::net::TcpStream;

use crate::connection::tcp_connector::TcpConnector;
use crate::sftp_client::session::Session;
use crate::sftp_client::settings::SftpSettings;
use crate::sftp_client::ssh_keys::HostKeys;
use crate::sftp_url::SftpUrl;

/// What we call ourselves.
const NAME: &str = "SSH-2.0-Isthmus";
/// A connection that hears nothing for so long is asked whether it still is one.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Makes connections to one server.
pub(crate) struct Connector {
    pub(crate) settings: SftpSettings,
    pub(crate) tcp: TcpConnector,
    pub(crate) executor: Arc<dyn Executor>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connector").field(&self.settings).finish()
    }
}

/// A connection on which nothing is under way.
pub(crate) struct Connection {
    pub(crate) session: Session<ChannelStream<Msg>>,
    handle: Handle<Recognise>,
    _line: Line,
}

impl Connection {
    /// Whether the server has not left.
    pub(crate) fn is_open(&self) -> bool {
        !self.handle.is_closed()
    }
}

/// The socket of a connection. It is shut when whoever waited on the connection gives up, so that
/// nothing that is still on its way in here leaves later.
struct Line(std::net::TcpStream);

impl Drop for Line {
    fn drop(&mut self) {
        // One that is closed already cannot be shut.
        drop(self.0.shutdown(Shutdown::Both));
    }
}

/// Recognises the server.
struct Recognise {
    host_keys: HostKeys,
    host: String,
}

impl Handler for Recognise {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let is_known = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.host_keys.has(key),
            PublicKeyOrCertificate::Certificate(_) => false,
        };
        if !is_known {
            let shown = shown.public_key().fingerprint(HashAlg::Sha256);
            let host = &self.host;
            tracing::warn!(host, %shown, "the server's key is none of host_keys; nothing is sent");
        }
        Ok(is_known)
    }
}

impl Connector {
    /// Connects; the error is the code of why not.
    pub(crate) async fn connect(&self) -> Result<Connection, &'static str> {
        tokio::select! {
            connection = Box::pin(self.connection()) => connection,
            () = self.executor.sleep(self.settings.connect_timeout) => Err("connect-timeout"),
        }
    }

    async fn connection(&self) -> Result<Connection, &'static str> {
        let url = &self.settings.url;
        let stream = self.tcp.connect(&url.host, url.port).await;
        let (stream, line) =
            shared(stream.map_err(|cause| cause.0)?).map_err(|_socket| "connect")?;
        let recognise = Recognise {
            host_keys: self.settings.host_keys.clone(),
            host: url.host.clone(),
        };
        let config = Arc::new(self.config());
        let connected = client::connect_stream(config, stream, recognise).await;
        let mut handle = connected.map_err(|error| self.ssh_code(&error))?;
        self.log_in(&mut handle).await?;
        let stream = subsystem(&handle).await?;
        let limit = self.settings.answer_timeout;
        let session = Session::begin(stream, limit, Arc::clone(&self.executor)).await;
        Ok(Connection {
            session: session.map_err(|_fault| "no-sftp")?,
            handle,
            _line: line,
        })
    }

    fn config(&self) -> client::Config {
        client::Config {
            client_id: SshId::Standard(Cow::Borrowed(NAME)),
            preferred: Preferred {
                key: Cow::Owned(self.settings.host_keys.kinds()),
                ..Preferred::DEFAULT
            },
            keepalive_interval: Some(KEEP_ALIVE),
            ..client::Config::default()
        }
    }

    /// A server of another key, or without a key of the kinds that are stated, is not the one.
    fn ssh_code(&self, error: &russh::Error) -> &'static str {
        if let russh::Error::NoCommonAlgo { kind, .. } = error {
            let (host, kind) = (&self.settings.url.host, format!("{kind:?}"));
            tracing::warn!(host, kind, "the server offers no algorithm that we do");
        }
        let is_another = matches!(
            error,
            russh::Error::UnknownKey
                | russh::Error::NoCommonAlgo {
                    kind: AlgorithmKind::Key,
                    ..
                }
        );
        if is_another { "host-key" } else { "ssh" }
    }

    async fn log_in(&self, handle: &mut Handle<Recognise>) -> Result<(), &'static str> {
        let user = self.settings.url.user.clone();
        let key = PrivateKeyWithHashAlg::new(self.settings.key.shared(), None);
        match handle.authenticate_publickey(user, key).await {
            Ok(answer) if answer.success() => Ok(()),
            Ok(_refused) => {
                let SftpUrl { host, user, .. } = &self.settings.url;
                tracing::warn!(host, user, "the server does not take our key for this user");
                Err("login-refused")
            }
            Err(_cut) => Err("ssh"),
        }
    }
}

/// The socket for the runtime, and the same one for whoever shuts it.
fn shared(stream: TcpStream) -> std::io::Result<(TcpStream, Line)> {
    let stream = stream.into_std()?;
    let line = Line(stream.try_clone()?);
    Ok((TcpStream::from_std(stream)?, line))
}

async fn subsystem(handle: &Handle<Recognise>) -> Result<ChannelStream<Msg>, &'static str> {
    let refused = |_refused| "no-sftp";
    let mut channel = handle.channel_open_session().await.map_err(refused)?;
    channel
        .request_subsystem(true, "sftp")
        .await
        .map_err(refused)?;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(channel.into_stream()),
            Some(ChannelMsg::WindowAdjusted { .. }) => {}
            _refused => return Err("no-sftp"),
        }
    }
}
