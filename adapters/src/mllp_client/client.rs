//! The client of a receiver: keeps connections, gives each one message at a time, and tells what
//! became of it, in codes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

use crate::adapter::{Call, Reply};
use crate::connection::certificates::{CertificateError, client_config};
use crate::connection::tcp_connector::TcpConnector;
use crate::mllp_client::connection::{Connection, Exchanged};
use crate::mllp_client::connector::Connector;
use crate::mllp_client::settings::MllpSettings;
use crate::mllp_message::MllpCall;
use crate::transport::Transport;

/// A connection that nothing went by for so long is made anew: firewalls forget it without a word,
/// and a message on it would have no answer.
const QUIET_MAX: Duration = Duration::from_mins(5);

/// Sends messages.
pub struct MllpClient {
    connector: Connector,
    answer_timeout: Duration,
    at_once: usize,
    executor: Arc<dyn Executor>,
    idle: Mutex<Vec<Idle>>,
}

/// A connection that waits for a message.
struct Idle {
    connection: Connection,
    since: Duration,
}

impl fmt::Debug for MllpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MllpClient").field(&self.connector).finish()
    }
}

impl MllpClient {
    /// A client; reads the files of its settings, and connects to nobody yet.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn new(
        settings: MllpSettings,
        executor: Arc<dyn Executor>,
    ) -> Result<Self, CertificateError> {
        let tls = settings
            .tls
            .as_ref()
            .map(|files| client_config(Some(files)));
        Ok(Self {
            connector: Connector {
                tls: tls.transpose()?.map(Arc::new),
                tcp: TcpConnector {
                    filter: Arc::new(settings.filter),
                    executor: Arc::clone(&executor),
                    limit: settings.connect_timeout,
                },
                limit: settings.connect_timeout,
                executor: Arc::clone(&executor),
                url: settings.url,
            },
            answer_timeout: settings.answer_timeout,
            at_once: settings.at_once,
            executor,
            idle: Mutex::default(),
        })
    }

    /// Connects, and sends nothing.
    ///
    /// # Errors
    /// The code of why there is no connection.
    pub async fn check(&self) -> Result<(), &'static str> {
        self.connector.connect().await.map(drop)
    }

    /// A connection that was used before and can be used again.
    fn kept(&self) -> Option<Connection> {
        let now = self.executor.monotonic();
        loop {
            // The newest first, so that those which are not needed grow quiet.
            let Idle { connection, since } = self.idle().pop()?;
            if now.saturating_sub(since) < QUIET_MAX
                && let Some(usable) = connection.still_usable()
            {
                return Some(usable);
            }
        }
    }

    fn keep(&self, connection: Connection) {
        let since = self.executor.monotonic();
        let mut idle = self.idle();
        if idle.len() < self.at_once {
            idle.push(Idle { connection, since });
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, call: &MllpCall) -> Reply {
        let connection = match self.kept() {
            Some(connection) => connection,
            None => match self.connector.connect().await {
                Ok(connection) => connection,
                Err(code) => return Reply::NotSent(code),
            },
        };
        let Exchanged { reply, connection } = tokio::select! {
            exchanged = connection.exchange(call) => exchanged,
            // The connection closes with what waits on it, and with it goes an answer that is late.
            () = self.executor.sleep(self.answer_timeout) => return Reply::Lost("timeout"),
        };
        if let Some(connection) = connection {
            self.keep(connection);
        }
        reply
    }
}

impl Transport for MllpClient {
    fn perform(&self, call: Arc<Call>) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            match call.as_ref() {
                Call::Mllp(call) => self.send(call).await,
                Call::Append { .. }
                | Call::Http(_)
                | Call::Amqp(_)
                | Call::File(_)
                | Call::Unsendable(_) => Reply::NotSent("unsendable"),
            }
        })
    }
}
