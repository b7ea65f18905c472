//! `EmbeddedQueue`, the delivery queue over the store's own rows; who is due is found out by
//! `recipient_relay`.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw, HandOut, QueueError, Whose};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_core::journal::{Journal, JournalError, Settlement, Unit};

use crate::database::{hold, open_reader};
use crate::delivery_rows::last_row;
use crate::error::{StoreError, in_file};
use crate::recipient_relay::{Drawn, RecipientRelay};
use crate::sqlite_journal::SqliteJournal;

/// The longest sleep before the clock is asked again; it may have been set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How often the store is opened for a recipient at most, and how long to wait between.
const OPEN_TRIES: usize = 60;
const OPEN_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait before settlements are given to a full store again.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// The delivery queue of one node. The rows in the store are the queue; in memory are only who
/// is being worked on, and a window of 512 deliveries a recipient that are due. A patient whose
/// delivery is retried later or parked takes no memory, however much waits behind it.
pub struct EmbeddedQueue {
    database: PathBuf,
    journal: Arc<SqliteJournal>,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
    /// The newest row of the run before this one.
    recovered_to: i64,
    relays: Mutex<BTreeMap<RecipientId, Arc<RecipientRelay>>>,
}

impl EmbeddedQueue {
    pub(crate) fn open(
        database: &Path,
        journal: Arc<SqliteJournal>,
        clock: Arc<dyn Clock>,
        executor: Arc<dyn Executor>,
    ) -> Result<Self, StoreError> {
        let recovered_to = last_row(&open_reader(database)?).map_err(in_file(database))?;
        Ok(Self {
            database: database.to_owned(),
            journal,
            clock,
            executor,
            recovered_to,
            relays: Mutex::new(BTreeMap::new()),
        })
    }

    /// The relay of a recipient, made at the first call for it.
    fn relay(&self, recipient: &RecipientId) -> Result<Arc<RecipientRelay>, StoreError> {
        let mut relays = hold(&self.relays);
        if let Some(relay) = relays.get(recipient) {
            return Ok(Arc::clone(relay));
        }
        let connection = open_reader(&self.database)?;
        let relay = RecipientRelay::new(recipient.clone(), connection, self.recovered_to);
        let relay = Arc::new(relay);
        relays.insert(recipient.clone(), Arc::clone(&relay));
        Ok(relay)
    }

    /// The relay of a recipient. A system that is out of descriptors may have some again soon, and
    /// ending for want of them would end what others do.
    async fn relay_in_time(
        &self,
        recipient: &RecipientId,
    ) -> Result<Arc<RecipientRelay>, QueueError> {
        for _try in 1..OPEN_TRIES {
            match self.relay(recipient) {
                Ok(relay) => return Ok(relay),
                Err(error) => tracing::warn!(%recipient, %error, "deliveries wait for the store"),
            }
            self.executor.sleep(OPEN_PAUSE).await;
        }
        self.relay(recipient)
            .map_err(|error| QueueError(error.to_string()))
    }

    fn relays(&self) -> Vec<Arc<RecipientRelay>> {
        hold(&self.relays).values().map(Arc::clone).collect()
    }

    async fn draw(&self, recipient: &RecipientId, draw: Draw) -> Result<Vec<Delivery>, QueueError> {
        let relay = self.relay_in_time(recipient).await?;
        loop {
            let changed = relay.changed();
            let now = self.clock.now();
            let drawn = relay.draw(draw, now);
            match drawn.map_err(|error| QueueError(error.to_string()))? {
                Drawn::Deliveries(deliveries) => return Ok(deliveries),
                Drawn::Nothing { due: None } => changed.await,
                Drawn::Nothing { due: Some(due) } => {
                    let sleep = self.executor.sleep(until(now, due).min(LONGEST_SLEEP));
                    either(changed, sleep).await;
                }
            }
        }
    }

    async fn commit(
        &self,
        recipient: &RecipientId,
        settlements: Vec<Settlement>,
    ) -> Result<(), QueueError> {
        let ids: Vec<DeliveryId> = settlements.iter().map(|settlement| settlement.id).collect();
        let mut waiting = false;
        loop {
            let unit = Unit::Settlements(settlements.clone());
            match self.journal.commit(unit).await {
                Ok(_committed) => break,
                Err(JournalError::Full) => {
                    if !waiting {
                        tracing::warn!(%recipient, "the store is full, settling waits for room");
                        waiting = true;
                    }
                    self.executor.sleep(FULL_PAUSE).await;
                }
                Err(error) => return Err(QueueError(error.to_string())),
            }
        }
        self.give_back(recipient, &ids);
        Ok(())
    }
}

impl DeliveryQueue for EmbeddedQueue {
    fn next<'a>(
        &'a self,
        recipient: &'a RecipientId,
        draw: Draw,
    ) -> BoxFuture<'a, Result<Vec<Delivery>, QueueError>> {
        Box::pin(self.draw(recipient, draw))
    }

    /// When this fails, nothing is settled and the deliveries stay with the worker: it settles
    /// again or gives them back. A full store is no failure: the same settlements are committed
    /// again until there is room for them.
    fn settle<'a>(
        &'a self,
        recipient: &'a RecipientId,
        settlements: Vec<Settlement>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(self.commit(recipient, settlements))
    }

    fn give_back(&self, recipient: &RecipientId, ids: &[DeliveryId]) {
        let relay = hold(&self.relays).get(recipient).map(Arc::clone);
        if let Some(relay) = relay {
            relay.release(ids);
        }
    }

    fn in_hand(&self, of: Whose<'_>) -> Vec<HandOut> {
        let relays = self.relays();
        relays.iter().flat_map(|relay| relay.in_hand(of)).collect()
    }

    fn is_in_hand(&self, one: &HandOut) -> bool {
        self.relays().iter().any(|relay| relay.is_in_hand(one))
    }

    fn committed(&self, recipient: &RecipientId) {
        let relay = hold(&self.relays).get(recipient).map(Arc::clone);
        if let Some(relay) = relay {
            relay.changes();
        }
    }
}

impl fmt::Debug for EmbeddedQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmbeddedQueue({})", self.database.display())
    }
}

/// The time from one instant to a later one.
fn until(now: Timestamp, due: Timestamp) -> Duration {
    let millis = due.unix_millis().saturating_sub(now.unix_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// Completes when one of the two does.
async fn either(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| {
        if one.as_mut().poll(context).is_ready() || other.as_mut().poll(context).is_ready() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}
