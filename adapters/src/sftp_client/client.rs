//! The client of a server: keeps connections, gives each one file at a time, and tells what became
//! of it, in codes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

use crate::adapter::{Call, Reply};
use crate::connection::tcp_connector::TcpConnector;
use crate::file_call::FileCall;
use crate::sftp_client::connector::{Connection, Connector};
use crate::sftp_client::session::Fault;
use crate::sftp_client::settings::SftpSettings;
use crate::sftp_client::upload::{UploadFault, upload};
use crate::transport::Transport;

/// A connection that nothing went by for so long is made anew.
const QUIET_MAX: Duration = Duration::from_mins(5);

/// Puts files into the folder of a server.
pub struct SftpClient {
    connector: Connector,
    executor: Arc<dyn Executor>,
    idle: Mutex<Vec<Idle>>,
}

/// A connection that waits for a file.
struct Idle {
    connection: Connection,
    since: Duration,
}

impl fmt::Debug for SftpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SftpClient").field(&self.connector).finish()
    }
}

impl SftpClient {
    /// A client that connects to nobody yet.
    pub fn new(settings: SftpSettings, executor: Arc<dyn Executor>) -> Self {
        Self {
            connector: Connector {
                tcp: TcpConnector {
                    filter: Arc::new(settings.filter.clone()),
                    executor: Arc::clone(&executor),
                    limit: settings.connect_timeout,
                },
                executor: Arc::clone(&executor),
                settings,
            },
            executor,
            idle: Mutex::default(),
        }
    }

    /// Connects, logs in and looks for the folder; sends nothing.
    ///
    /// # Errors
    /// The code of why it is not there.
    pub async fn check(&self) -> Result<(), &'static str> {
        let mut connection = self.connector.connect().await?;
        let folder = &self.connector.settings.url.folder;
        match connection.session.is_folder(folder).await {
            Ok(Some(false)) => Err("no-folder"),
            Ok(Some(true) | None) => Ok(()),
            Err(fault) => Err(fault.code()),
        }
    }

    /// A connection that was used before and can be used again.
    fn kept(&self) -> Option<Connection> {
        let now = self.executor.monotonic();
        loop {
            // The newest first, so that those which are not needed grow quiet.
            let Idle { connection, since } = self.idle().pop()?;
            if now.saturating_sub(since) < QUIET_MAX && connection.is_open() {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: Connection) {
        let since = self.executor.monotonic();
        let mut idle = self.idle();
        if idle.len() < self.connector.settings.at_once {
            idle.push(Idle { connection, since });
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn place(&self, call: &FileCall) -> Reply {
        if let Some(connection) = self.kept() {
            match self.upload(connection, call).await {
                // The server had left, and nothing went to it: it is asked anew.
                Err(UploadFault::NotSent(Fault::Broken(_))) => {}
                other => return reply(other),
            }
        }
        match self.connector.connect().await {
            Ok(connection) => reply(self.upload(connection, call).await),
            Err(code) => Reply::NotSent(code),
        }
    }

    async fn upload(&self, mut connection: Connection, call: &FileCall) -> Result<(), UploadFault> {
        let settings = &self.connector.settings;
        let session = &mut connection.session;
        let uploaded = upload(session, &settings.url, call, settings.mode).await;
        if uploaded.is_ok() || uploaded.is_err_and(UploadFault::leaves_session) {
            self.keep(connection);
        }
        uploaded
    }
}

/// Where the server was lost before the file had its name, part of it is there under another: that
/// is no success and no refusal, and it comes again.
const fn reply(uploaded: Result<(), UploadFault>) -> Reply {
    match uploaded {
        Ok(()) => Reply::Placed,
        Err(UploadFault::NotSent(fault)) => Reply::NotSent(fault.code()),
        Err(UploadFault::NotPlaced(fault @ Fault::Refused(_))) => Reply::NotPlaced(fault.code()),
        Err(UploadFault::NotPlaced(fault) | UploadFault::Unsure(fault)) => {
            Reply::Lost(fault.code())
        }
    }
}

impl Transport for SftpClient {
    fn perform(&self, call: Arc<Call>) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            match call.as_ref() {
                Call::File(call) => self.place(call).await,
                Call::Append { .. }
                | Call::Http(_)
                | Call::Amqp(_)
                | Call::Mllp(_)
                | Call::Unsendable(_) => Reply::NotSent("unsendable"),
            }
        })
    }
}
