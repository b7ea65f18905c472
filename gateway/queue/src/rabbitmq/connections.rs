//! `Connections`, the two connections to the broker: what publishes may be blocked by the broker,
//! so what consumes and acknowledges has one of its own.

use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, Error, ErrorKind};

use crate::broker::BrokerError;

/// How long opening a connection, and closing one, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Both connections.
#[derive(Debug)]
pub(crate) struct Connections {
    publishing: Connection,
    consuming: Connection,
}

impl Connections {
    /// Opens both.
    pub(crate) async fn open(uri: &AMQPUri, tls: &OwnedTLSConfig) -> Result<Self, BrokerError> {
        let publishing = connect(uri, tls, "isthmus publishing").await?;
        let consuming = connect(uri, tls, "isthmus consuming").await?;
        Ok(Self {
            publishing,
            consuming,
        })
    }

    /// Whether both are up.
    pub(crate) fn are_up(&self) -> bool {
        self.publishing.status().connected() && self.consuming.status().connected()
    }

    /// The one that publishes.
    pub(crate) const fn publishing(&self) -> &Connection {
        &self.publishing
    }

    /// A channel to publish on.
    pub(crate) async fn publisher(&self) -> Result<Channel, BrokerError> {
        channel(&self.publishing).await
    }

    /// A channel to consume on, or to declare and look.
    pub(crate) async fn consumer(&self) -> Result<Channel, BrokerError> {
        channel(&self.consuming).await
    }

    /// Says good-bye. A broker that does not answer is left.
    pub(crate) async fn close(&self) {
        for connection in [&self.publishing, &self.consuming] {
            let close = connection.close(200, "closing".into());
            // Nothing depends on whether the broker heard it.
            let _answer = tokio::time::timeout(PATIENCE, close).await;
        }
    }
}

async fn connect(
    uri: &AMQPUri,
    tls: &OwnedTLSConfig,
    name: &str,
) -> Result<Connection, BrokerError> {
    let runtime = lapin::runtime::default_runtime().map_err(|error| broker_error(&error))?;
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let connect =
        Connection::connect_uri_with_config(uri.clone(), properties, tls.clone(), runtime);
    match tokio::time::timeout(PATIENCE, connect).await {
        Ok(connected) => connected.map_err(|error| broker_error(&error)),
        Err(_elapsed) => Err(BrokerError::Away(format!(
            "no answer within {} s",
            PATIENCE.as_secs()
        ))),
    }
}

async fn channel(connection: &Connection) -> Result<Channel, BrokerError> {
    let channel = connection.create_channel().await;
    channel.map_err(|error| broker_error(&error))
}

/// What an error means to us: whether waiting helps.
pub(crate) fn broker_error(error: &Error) -> BrokerError {
    let ErrorKind::ProtocolError(said) = error.kind() else {
        return BrokerError::Away(error.to_string());
    };
    let is_ours = match said.kind() {
        AMQPErrorKind::Soft(
            AMQPSoftError::ACCESSREFUSED
            | AMQPSoftError::PRECONDITIONFAILED
            | AMQPSoftError::NOTFOUND,
        )
        | AMQPErrorKind::Hard(
            AMQPHardError::NOTALLOWED
            | AMQPHardError::NOTIMPLEMENTED
            | AMQPHardError::COMMANDINVALID
            | AMQPHardError::SYNTAXERROR,
        ) => true,
        AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => false,
    };
    let text = said.get_message().to_string();
    if is_ours {
        BrokerError::Refused(text)
    } else {
        BrokerError::Away(text)
    }
}
