//! `RabbitMq`, the broker as the gateway and its commands use it: opening channels, looking at
//! queues, deleting them. Names and arguments of queues are in `topology`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::RecipientId;
use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use lapin::types::FieldTable;
use tokio::sync::Mutex;

use crate::broker::{Broker, BrokerChannel, BrokerError};
use crate::rabbitmq::address::Address;
use crate::rabbitmq::channel::RabbitMqChannel;
use crate::rabbitmq::connections::Connections;
use crate::rabbitmq::topology::Topology;

/// How long a broker that was away is left alone once it answers. One that starts takes connections
/// before its quorum queues have leaders, and one that is asked for something then answers late.
const SETTLE: Duration = Duration::from_secs(2);

/// How long anything asked of a queue may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who we are to the broker.
#[derive(Clone, Default)]
pub struct Access {
    /// User name and password; without them the client certificate tells who we are.
    pub login: Option<(String, String)>,
    /// The authorities whose certificates are trusted, beside the system's: PEM.
    pub authorities: Option<String>,
    /// The client certificate and its key: PEM, the key in PKCS #8.
    pub certificate: Option<(Vec<u8>, Vec<u8>)>,
}

/// How deliveries stand at the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RabbitMqOptions {
    /// Where it is.
    pub address: Address,
    /// What the names of exchanges and queues begin with; no two gateways may share one.
    pub prefix: String,
    /// How many queues a recipient has, beside the urgent one.
    pub lanes: u32,
    /// The store whose deliveries these are, by its name.
    pub store: String,
}

/// A queue as the broker has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueState {
    /// Its name.
    pub name: String,
    /// Messages that wait in it, without those that a gateway has; None: it is not there.
    pub ready: Option<u32>,
    /// How many gateways consume from it.
    pub consumers: u32,
}

/// A RabbitMQ broker.
pub struct RabbitMq {
    options: RabbitMqOptions,
    access: Access,
    topology: Arc<Topology>,
    executor: Arc<dyn Executor>,
    connections: Mutex<Kept>,
}

/// The connections that are kept for the next who needs them.
#[derive(Debug, Default)]
struct Kept {
    up: Option<Arc<Connections>>,
    /// The broker was away when it was last looked for, or went away since.
    troubled: bool,
}

impl RabbitMq {
    /// A broker that is not connected to yet.
    pub fn new(options: RabbitMqOptions, access: Access, executor: Arc<dyn Executor>) -> Self {
        let topology = Topology {
            prefix: options.prefix.clone(),
            lanes: options.lanes.max(1),
        };
        Self {
            options,
            access,
            topology: Arc::new(topology),
            executor,
            connections: Mutex::default(),
        }
    }

    /// Where it is.
    pub const fn address(&self) -> &Address {
        &self.options.address
    }

    /// The connections, opened when they are not up. Others wait meanwhile, so that one attempt
    /// serves all.
    async fn connections(&self) -> Result<Arc<Connections>, BrokerError> {
        let mut kept = self.connections.lock().await;
        if let Some(up) = kept.up.as_ref().filter(|one| one.are_up()) {
            return Ok(Arc::clone(up));
        }
        if let Some(broken) = kept.up.take() {
            broken.close().await;
            kept.troubled = true;
        }
        let Access {
            login,
            authorities,
            certificate,
        } = &self.access;
        let login = login.as_ref().map(|(name, word)| (&**name, &**word));
        let identity = certificate.clone();
        let tls = OwnedTLSConfig {
            identity: identity.map(|(pem, key)| OwnedIdentity::PKCS8 { pem, key }),
            cert_chain: authorities.clone(),
        };
        let opened = Connections::open(&self.options.address.uri(login), &tls).await;
        let was_troubled = std::mem::replace(&mut kept.troubled, opened.is_err());
        let opened = Arc::new(opened?);
        if was_troubled {
            self.executor.sleep(SETTLE).await;
        }
        kept.up = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Makes sure that what carries the deliveries of these recipients is there and is what it has
    /// to be.
    ///
    /// # Errors
    /// [`BrokerError::Refused`] when a person has to mend it.
    pub async fn declare(&self, recipients: &[RecipientId]) -> Result<(), BrokerError> {
        let connections = self.connections().await?;
        for recipient in recipients {
            // A refused declaration closes the channel.
            let channel = connections.consumer().await?;
            in_time(self.topology.declare(&channel, recipient)).await?;
        }
        Ok(())
    }

    /// How the queues of these recipients stand, that of what was set aside last.
    pub async fn queues(&self, recipients: &[RecipientId]) -> Result<Vec<QueueState>, BrokerError> {
        in_time(self.look(recipients)).await
    }

    async fn look(&self, recipients: &[RecipientId]) -> Result<Vec<QueueState>, BrokerError> {
        let connections = self.connections().await?;
        let mut states = Vec::new();
        for name in self.topology.queues(recipients) {
            let channel = connections.consumer().await?;
            let options = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            };
            let looked =
                channel.queue_declare(name.as_str().into(), options, FieldTable::default());
            let state = match looked.await {
                Ok(queue) => QueueState {
                    ready: Some(queue.message_count()),
                    consumers: queue.consumer_count(),
                    name,
                },
                Err(error) if error.is_amqp_soft_error() => QueueState {
                    name,
                    ready: None,
                    consumers: 0,
                },
                Err(error) => return Err(BrokerError::Away(error.to_string())),
            };
            states.push(state);
        }
        Ok(states)
    }

    /// Deletes the queues of these recipients and the exchanges, with what is in them; how many
    /// messages that was. The store has all of them.
    pub async fn delete(&self, recipients: &[RecipientId]) -> Result<u64, BrokerError> {
        in_time(self.delete_all(recipients)).await
    }

    async fn delete_all(&self, recipients: &[RecipientId]) -> Result<u64, BrokerError> {
        let connections = self.connections().await?;
        let channel = connections.consumer().await?;
        let away = |error: lapin::Error| BrokerError::Away(error.to_string());
        let mut deleted = 0;
        for name in self.topology.queues(recipients) {
            let gone = channel.queue_delete(name.into(), QueueDeleteOptions::default());
            deleted += u64::from(gone.await.map_err(away)?);
        }
        for name in [self.topology.exchange().to_owned(), self.topology.aside()] {
            let gone = channel.exchange_delete(name.into(), ExchangeDeleteOptions::default());
            gone.await.map_err(away)?;
        }
        Ok(deleted)
    }

    /// Says good-bye to the broker.
    pub async fn close(&self) {
        if let Some(connections) = self.connections.lock().await.up.take() {
            connections.close().await;
        }
    }
}

impl Broker for RabbitMq {
    fn open<'a>(
        &'a self,
        recipient: &'a RecipientId,
    ) -> BoxFuture<'a, Result<Box<dyn BrokerChannel>, BrokerError>> {
        Box::pin(async move {
            let opened = RabbitMqChannel::open(
                self.connections().await?,
                Arc::clone(&self.topology),
                recipient,
                self.options.store.clone(),
            );
            let opened = in_time(opened).await?;
            Ok(Box::new(opened) as Box<dyn BrokerChannel>)
        })
    }
}

/// A queue without a leader does not answer at all.
async fn in_time<T>(work: impl Future<Output = Result<T, BrokerError>>) -> Result<T, BrokerError> {
    let late = |_elapsed| BrokerError::Away("a queue does not answer".to_owned());
    tokio::time::timeout(PATIENCE, work).await.map_err(late)?
}

impl fmt::Debug for RabbitMq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RabbitMq({})", self.options.address)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("login", &self.login.is_some())
            .field("certificate", &self.certificate.is_some())
            .finish_non_exhaustive()
    }
}
