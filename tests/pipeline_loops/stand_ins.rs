//! What stands behind the seams in these tests: scripted, in memory, and remembering; the promises
//! are in `main`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw, HandOut, QueueError, Whose};
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, MessageId, RecipientId, SenderId, Sequence};
use isthmus_core::journal::{
    Backlog, Committed, Conclusion, Journal, JournalError, OpenIntake, Settlement, Unit,
};
use isthmus_core::key_ring::{KeyId, KeyRing};
use isthmus_core::phi::Phi;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::translator::{Translated, Translator};
use isthmus_pipeline::rules_in_force::RulesInForce;
use isthmus_tests::one_key::{self, OneKey};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::released::released;

/// The numbers of the keys that cannot be had.
pub(crate) const DESTROYED: u64 = one_key::DESTROYED;
pub(crate) const UNAVAILABLE: u64 = one_key::UNAVAILABLE;

/// One secret for all other keys.
pub(crate) fn one_key() -> Arc<dyn KeyRing> {
    Arc::new(OneKey)
}

/// A gateway that does not stop.
pub(crate) fn never() -> BoxFuture<'static, ()> {
    Box::pin(std::future::pending())
}

/// Runs a task to its end.
pub(crate) fn run<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(task)
}

/// A journal in memory. Each commit answers what the script says next, then `Ok`; what was
/// committed is kept. An empty backlog ends the loop.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) open: Vec<(u64, SenderId)>,
    pub(crate) script: Mutex<VecDeque<JournalError>>,
    pub(crate) concluded: Mutex<Vec<Conclusion>>,
}

impl Journal for Memory {
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Result<Committed, JournalError>> {
        Box::pin(async move {
            if let Some(error) = self.script.lock().unwrap().pop_front() {
                return Err(error);
            }
            if let Unit::Conclusions(conclusions) = unit {
                self.concluded.lock().unwrap().extend(conclusions);
            }
            Ok(Committed::Done)
        })
    }
}

impl Backlog for Memory {
    fn open_intakes(
        &self,
        limit: usize,
        in_work: &[Sequence],
    ) -> Result<Vec<OpenIntake>, JournalError> {
        let concluded = self.concluded.lock().unwrap();
        let rest = self.open.iter().filter(|(sequence, _)| {
            let mut concluded = concluded.iter();
            !concluded.any(|one| one.sequence.0 == *sequence)
        });
        let mut rest = rest.peekable();
        if rest.peek().is_none() {
            return Err(JournalError::Closed);
        }
        let free = rest.filter(|(at, _)| !in_work.contains(&Sequence(*at)));
        let page = free.take(limit);
        Ok(page
            .map(|(at, sender)| intake(*at, sender.clone()))
            .collect())
    }

    fn message(&self, sequence: Sequence) -> Result<Option<OpenIntake>, JournalError> {
        let mut open = self.open.iter();
        let found = open.find(|(at, _)| *at == sequence.0);
        Ok(found.map(|(at, sender)| intake(*at, sender.clone())))
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

pub(crate) fn envelope(sender: SenderId) -> Envelope<RawMessage> {
    Envelope {
        id: MessageId::from_bytes([1; 16]),
        sender,
        received_at: Timestamp::from_unix_millis(0),
        subject: None,
        body: RawMessage {
            bytes: Phi::new(b"MSH".to_vec().into()),
            control_id: [0; 16],
        },
    }
}

pub(crate) fn intake(sequence: u64, sender: SenderId) -> OpenIntake {
    let message = Ok(envelope(sender));
    OpenIntake {
        sequence: Sequence(sequence),
        id: MessageId::from_bytes([1; 16]),
        message,
    }
}

/// Panics for the sender `poison`, refuses `strange`, translates the others.
struct Fussy;

impl Translator for Fussy {
    fn translate(&self, message: &Envelope<RawMessage>) -> Result<Translated, Refusal> {
        match message.sender.as_str() {
            "poison" => panic!("a map went wrong"),
            "strange" => Err(Refusal::park(Reason::NotMapped)),
            _ => Ok(Translated {
                records: Vec::new(),
                map: "m 1".into(),
                warnings: Vec::new(),
            }),
        }
    }
}

/// Draws what the script holds, then fails; remembers what was settled and given back.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) draws: Mutex<VecDeque<Vec<Delivery>>>,
    pub(crate) settled: Mutex<Vec<Settlement>>,
    pub(crate) given_back: Mutex<Vec<DeliveryId>>,
}

impl DeliveryQueue for Script {
    fn next<'a>(
        &'a self,
        _recipient: &'a RecipientId,
        _draw: Draw,
    ) -> BoxFuture<'a, Result<Vec<Delivery>, QueueError>> {
        let drawn = self.draws.lock().unwrap().pop_front();
        Box::pin(async move { drawn.ok_or(QueueError("the script ended".into())) })
    }

    fn settle<'a>(
        &'a self,
        _recipient: &'a RecipientId,
        settlements: Vec<Settlement>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.settled.lock().unwrap().extend(settlements);
        Box::pin(async { Ok(()) })
    }

    fn give_back(&self, _recipient: &RecipientId, ids: &[DeliveryId]) {
        self.given_back.lock().unwrap().extend(ids);
    }

    fn committed(&self, _recipient: &RecipientId) {}

    fn in_hand(&self, _of: Whose<'_>) -> Vec<HandOut> {
        Vec::new()
    }

    fn is_in_hand(&self, _one: &HandOut) -> bool {
        false
    }
}

/// A delivery released like any other, with bytes that no gate sealed: it does not open.
pub(crate) fn forged(number: u8, patient: u8) -> Delivery {
    let delivery = released(number, patient, 1);
    let grant = delivery.sealed.grant().clone();
    Delivery {
        sealed: SealedDisclosure::from_stored(grant, KeyId(1), vec![0; 40]),
        ..delivery
    }
}

/// Counts the warnings that are logged.
#[derive(Clone, Default)]
pub(crate) struct Warnings(Arc<AtomicUsize>);

impl Warnings {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, _event: &Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// The rules of a gateway that translates what `Fussy` does and releases nothing.
pub(crate) fn fussy_rules() -> RulesInForce {
    RulesInForce {
        translator: Arc::new(Fussy),
        shapers: BTreeMap::new(),
        policies: Arc::default(),
    }
}
