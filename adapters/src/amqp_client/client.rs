//! The client of a broker: connects when there is something to publish, once for all who wait, and
//! tells what became of each message, in codes.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

use crate::adapter::{Call, Reply};
use crate::amqp_client::connect_fault::ConnectFault;
use crate::amqp_client::link::{Connector, Link};
use crate::amqp_client::publish::publish;
use crate::amqp_client::settings::AmqpSettings;
use crate::connection::certificates::{CertificateError, client_config};
use crate::connection::tcp_connector::TcpConnector;
use crate::transport::Transport;

/// How long a broker is left alone before the first message. One that comes back takes connections
/// before its quorum queues have leaders, and confirms late then. One that makes a queue for us has
/// its name on disk about a second later: killed before that, RabbitMQ begins the queue anew, empty
/// and without a leader, and what it had confirmed is gone (decision 0009).
const SETTLE: Duration = Duration::from_secs(2);

/// Publishes messages. Its clones share one connection.
#[derive(Clone)]
pub struct AmqpClient(Arc<Shared>);

struct Shared {
    connector: Connector,
    confirm_timeout: Duration,
    executor: Arc<dyn Executor>,
    link: Mutex<Option<Arc<Link>>>,
    /// Held by the one who connects; what came of it, for those who waited.
    connecting: tokio::sync::Mutex<Option<ConnectFault>>,
    /// How often a connection was tried.
    tries: AtomicU64,
}

impl fmt::Debug for AmqpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AmqpClient")
            .field(&self.0.connector.settings)
            .finish()
    }
}

impl AmqpClient {
    /// A client; reads the files of its settings, and connects to nobody yet.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn new(
        settings: AmqpSettings,
        executor: Arc<dyn Executor>,
    ) -> Result<Self, CertificateError> {
        let tcp = TcpConnector {
            filter: Arc::new(settings.filter.clone()),
            executor: Arc::clone(&executor),
            limit: settings.connect_timeout,
        };
        Ok(Self(Arc::new(Shared {
            confirm_timeout: settings.confirm_timeout,
            connector: Connector {
                tls: Arc::new(client_config(settings.tls.as_ref())?),
                tcp,
                executor: Arc::clone(&executor),
                settings,
            },
            executor,
            link: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            tries: AtomicU64::new(0),
        })))
    }

    /// Reaches the broker, and looks for what must be there.
    ///
    /// # Errors
    /// Why nothing could be published.
    pub async fn check(&self) -> Result<(), ConnectFault> {
        self.0.linked().await.map(drop)
    }
}

impl Shared {
    /// The link that there is.
    fn current(&self) -> Option<Arc<Link>> {
        self.slot().as_ref().filter(|link| link.is_up()).cloned()
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Link>>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The link that there is, or a new one. Of many who ask at once, one connects, and what it
    /// hears is the answer to all.
    async fn linked(&self) -> Result<Arc<Link>, ConnectFault> {
        let tries = self.tries.load(Ordering::Acquire);
        if let Some(link) = self.current() {
            return Ok(link);
        }
        let mut failed = self.connecting.lock().await;
        if let Some(link) = self.current() {
            return Ok(link);
        }
        if self.tries.load(Ordering::Acquire) != tries
            && let Some(fault) = *failed
        {
            return Err(fault);
        }
        let was_away = failed.is_some() || self.slot().is_some();
        let may_make_queues = self.connector.settings.topology.declare;
        let linked = self.connector.link().await;
        if (was_away || may_make_queues) && linked.is_ok() {
            self.executor.sleep(SETTLE).await;
        }
        self.tries.fetch_add(1, Ordering::AcqRel);
        match linked {
            Ok(link) => {
                let link = Arc::new(link);
                *failed = None;
                *self.slot() = Some(Arc::clone(&link));
                Ok(link)
            }
            Err(fault) => {
                *failed = Some(fault);
                Err(fault)
            }
        }
    }
}

impl Transport for AmqpClient {
    fn perform(&self, call: Arc<Call>) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            let Call::Amqp(call) = call.as_ref() else {
                return Reply::NotSent("unsendable");
            };
            match self.0.linked().await {
                Ok(link) => {
                    let (limit, executor) = (self.0.confirm_timeout, &self.0.executor);
                    publish(&link, call, limit, executor.as_ref()).await
                }
                Err(fault) => Reply::NotSent(fault.code()),
            }
        })
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(link) = self.0.current() {
                link.unblocked().await;
            }
        })
    }
}
