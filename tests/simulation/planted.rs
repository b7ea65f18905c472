//! Planted faults, as wrappers around the parts of a run: each breaks one promise, and the
//! simulation must find it. What is right is in the product, never here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentStore, ConsentUnavailable, ConsentView};
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw, HandOut, QueueError, Whose};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, Takes};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::hold::Hold;
use isthmus_core::id::{DeliveryId, RecipientId, Sequence, SubjectKey};
use isthmus_core::intake::{Accepted, Numbered};
use isthmus_core::journal::{Committed, Journal, JournalError, Settlement, Unit};
use isthmus_queue::broker::{
    Arrival, Broker, BrokerChannel, BrokerError, NotConfirmed, Parcel, Tag,
};

use crate::machine::Process;
use crate::plan::Planted;

/// Answers for a message before it is synced.
pub(crate) struct Hasty {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) process: Arc<Process>,
}

impl Journal for Hasty {
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Result<Committed, JournalError>> {
        let is_numbered = matches!(unit, Unit::Numbered(..));
        if !matches!(unit, Unit::Intake(_)) && !is_numbered {
            return self.journal.commit(unit);
        }
        let journal = Arc::clone(&self.journal);
        let task = async move {
            let _nobody_waits = journal.commit(unit).await;
        };
        self.process.spawn("hasty", Box::pin(task));
        let accepted = Accepted {
            sequence: Sequence(0),
            repeat: false,
            control_id_reused: false,
        };
        let committed = if is_numbered {
            Committed::Numbered(Numbered::Accepted(accepted))
        } else {
            Committed::Intake(accepted)
        };
        Box::pin(async move { Ok(committed) })
    }
}

/// A door that tells the recipient another id in each run, or takes silence for a yes.
pub(crate) struct WrongDoor {
    pub(crate) door: Arc<dyn Destination>,
    pub(crate) planted: Planted,
    pub(crate) run: u8,
}

impl WrongDoor {
    async fn hand_over(&self, mut batch: Vec<Outbound>) -> Vec<DeliveryOutcome> {
        if self.planted == Planted::UnstableIds {
            for outbound in &mut batch {
                let mut bytes = *outbound.id.as_bytes();
                bytes[0] = self.run;
                outbound.id = DeliveryId::from_bytes(bytes);
            }
        }
        let mut outcomes = self.door.deliver(batch).await;
        if self.planted == Planted::LostMeansDelivered {
            for outcome in &mut outcomes {
                if matches!(outcome, DeliveryOutcome::Unknown { .. }) {
                    *outcome = DeliveryOutcome::Delivered;
                }
            }
        }
        outcomes
    }
}

impl Destination for WrongDoor {
    fn recipient(&self) -> &RecipientId {
        self.door.recipient()
    }

    fn takes(&self) -> Takes {
        self.door.takes()
    }

    fn ready(&self) -> BoxFuture<'_, usize> {
        self.door.ready()
    }

    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>> {
        Box::pin(self.hand_over(batch))
    }
}

/// Remembers the first answer about a patient.
pub(crate) struct OldConsents {
    pub(crate) consents: Arc<dyn ConsentStore>,
    pub(crate) remembered: Mutex<BTreeMap<SubjectKey, Option<Consent>>>,
}

impl ConsentStore for OldConsents {
    fn view(&self) -> Box<dyn ConsentView + '_> {
        Box::new(self)
    }
}

impl ConsentView for OldConsents {
    fn as_of(&self, now: Timestamp) -> Timestamp {
        now
    }

    fn hold(&self, subject: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable> {
        self.consents.view().hold(subject)
    }

    fn is_suppressed(&self, addresses: &[AddressDigest]) -> Result<bool, ConsentUnavailable> {
        self.consents.view().is_suppressed(addresses)
    }

    fn consent(
        &self,
        subject: &SubjectKey,
        category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable> {
        let mut remembered = self.remembered.lock().unwrap();
        if let Some(consent) = remembered.get(subject) {
            return Ok(*consent);
        }
        let consent = self.consents.view().consent(subject, category)?;
        remembered.insert(*subject, consent);
        Ok(consent)
    }
}

/// What was published and has not arrived; kept over restarts.
#[derive(Debug, Default)]
pub(crate) struct Marks(Mutex<BTreeSet<DeliveryId>>);

/// A broker of which what was published is marked at once.
pub(crate) struct MarkingBroker {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) marks: Arc<Marks>,
}

struct MarkingChannel {
    channel: Box<dyn BrokerChannel>,
    marks: Arc<Marks>,
}

impl Broker for MarkingBroker {
    fn open<'a>(
        &'a self,
        recipient: &'a RecipientId,
    ) -> BoxFuture<'a, Result<Box<dyn BrokerChannel>, BrokerError>> {
        Box::pin(async move {
            let channel = self.broker.open(recipient).await?;
            let marks = Arc::clone(&self.marks);
            let channel: Box<dyn BrokerChannel> = Box::new(MarkingChannel { channel, marks });
            Ok(channel)
        })
    }
}

impl BrokerChannel for MarkingChannel {
    fn publish(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), NotConfirmed>> {
        self.marks.0.lock().unwrap().insert(parcel.delivery);
        self.channel.publish(parcel)
    }

    fn arrivals(&self) -> BoxFuture<'_, Result<Vec<Arrival>, BrokerError>> {
        Box::pin(async move {
            let arrivals = self.channel.arrivals().await?;
            let mut marks = self.marks.0.lock().unwrap();
            for id in arrivals.iter().filter_map(|arrival| arrival.delivery) {
                marks.remove(&id);
            }
            Ok(arrivals)
        })
    }

    fn acknowledge(&self, tag: Tag, all_before: bool) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.channel.acknowledge(tag, all_before)
    }

    fn set_aside(&self, tag: Tag) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.channel.set_aside(tag)
    }

    fn is_blocked(&self) -> bool {
        self.channel.is_blocked()
    }
}

/// The store's queue without what is marked: it is taken for done.
pub(crate) struct Forgetful {
    pub(crate) queue: Arc<dyn DeliveryQueue>,
    pub(crate) marks: Arc<Marks>,
}

impl Forgetful {
    async fn draw(&self, recipient: &RecipientId, draw: Draw) -> Result<Vec<Delivery>, QueueError> {
        loop {
            let mut drawn = self.queue.next(recipient, draw).await?;
            let marks = self.marks.0.lock().unwrap();
            drawn.retain(|delivery| !marks.contains(&delivery.id));
            if !drawn.is_empty() {
                return Ok(drawn);
            }
        }
    }
}

impl DeliveryQueue for Forgetful {
    fn next<'a>(
        &'a self,
        recipient: &'a RecipientId,
        draw: Draw,
    ) -> BoxFuture<'a, Result<Vec<Delivery>, QueueError>> {
        Box::pin(self.draw(recipient, draw))
    }

    fn settle<'a>(
        &'a self,
        recipient: &'a RecipientId,
        settlements: Vec<Settlement>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.queue.settle(recipient, settlements)
    }

    fn give_back(&self, recipient: &RecipientId, ids: &[DeliveryId]) {
        self.queue.give_back(recipient, ids);
    }

    fn committed(&self, recipient: &RecipientId) {
        self.queue.committed(recipient);
    }

    fn in_hand(&self, of: Whose<'_>) -> Vec<HandOut> {
        self.queue.in_hand(of)
    }

    fn is_in_hand(&self, one: &HandOut) -> bool {
        self.queue.is_in_hand(one)
    }
}
