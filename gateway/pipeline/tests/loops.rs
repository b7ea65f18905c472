//! What the loops promise whatever stands behind the seams: a poisonous message is parked alone, a
//! full store loses nothing, and every outcome of an attempt has its step.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    reason = "tests may be blunt"
)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::consent_store::{Consent, ConsentStore, ConsentUnavailable};
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw, QueueError};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope};
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{
    DeliveryId, FlowId, MessageId, RecipientId, SenderId, Sequence, SubjectKey,
};
use isthmus_core::intake::Intake;
use isthmus_core::journal::{
    Backlog, Committed, Conclusion, Journal, JournalError, OpenIntake, Outcome, Settlement, Step,
    Unit,
};
use isthmus_core::key_ring::{KeyClass, KeyError, KeyId, KeyOwner, KeyRing, SealingKey};
use isthmus_core::phi::Phi;
use isthmus_core::privacy::disclosure::Grant;
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::subject::Digester;
use isthmus_core::translator::{Translated, Translator};
use isthmus_pipeline::deliver_loop::DeliverLoop;
use isthmus_pipeline::forward_loop::ForwardLoop;
use isthmus_pipeline::journal_intake::JournalIntake;
use isthmus_pipeline::release_stage::ReleaseStage;
use isthmus_pipeline::retry_schedule::RetrySchedule;

/// A machine whose time stands still and whose timers end at once; it remembers the waits.
#[derive(Default)]
struct Machine {
    waits: Mutex<Vec<Duration>>,
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(1_000_000)
    }
}

impl Executor for Machine {
    fn spawn(&self, _name: &'static str, _task: BoxFuture<'static, ()>) {}

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.waits.lock().unwrap().push(time);
        Box::pin(async {})
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// A journal in memory. Each commit answers what the script says next, then `Ok`; what was
/// committed is kept. An empty backlog ends the loop.
#[derive(Default)]
struct Memory {
    open: Vec<(u64, SenderId)>,
    script: Mutex<VecDeque<JournalError>>,
    concluded: Mutex<Vec<Conclusion>>,
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
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Vec<OpenIntake>, JournalError> {
        let after = after.map_or(0, |sequence| sequence.0);
        let rest = self
            .open
            .iter()
            .filter(|(sequence, _)| *sequence > after)
            .take(limit);
        let page: Vec<OpenIntake> = rest
            .map(|(at, sender)| intake(*at, sender.clone()))
            .collect();
        if page.is_empty() {
            Err(JournalError::Closed)
        } else {
            Ok(page)
        }
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn envelope(sender: SenderId) -> Envelope<RawMessage> {
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

fn intake(sequence: u64, sender: SenderId) -> OpenIntake {
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

struct NoConsents;

impl ConsentStore for NoConsents {
    fn consent(&self, _: &SubjectKey, _: &str) -> Result<Option<Consent>, ConsentUnavailable> {
        Ok(None)
    }
}

/// One key for everything, and none for the key number 9.
struct OneKey;

impl KeyRing for OneKey {
    fn sealing_key(
        &self,
        _owner: &KeyOwner,
        _class: KeyClass,
        _at: Timestamp,
    ) -> Result<Arc<SealingKey>, KeyError> {
        self.opening_key(KeyId(1))
    }

    fn opening_key(&self, id: KeyId) -> Result<Arc<SealingKey>, KeyError> {
        if id == KeyId(9) {
            return Err(KeyError::Destroyed);
        }
        SealingKey::new(id, &[1; 32]).map(Arc::new)
    }
}

/// Draws what the script holds, then fails; remembers what was settled and given back.
#[derive(Default)]
struct Script {
    draws: Mutex<VecDeque<Vec<Delivery>>>,
    settled: Mutex<Vec<Settlement>>,
    given_back: Mutex<Vec<DeliveryId>>,
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
}

/// Answers every batch with the outcomes of the script, in order.
struct Door {
    recipient: RecipientId,
    outcomes: Mutex<VecDeque<DeliveryOutcome>>,
}

impl Destination for Door {
    fn recipient(&self) -> &RecipientId {
        &self.recipient
    }

    fn batch(&self) -> Draw {
        Draw {
            limit: 10,
            consecutive: false,
        }
    }

    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>> {
        let mut outcomes = self.outcomes.lock().unwrap();
        let answers = batch
            .iter()
            .map(|_| outcomes.pop_front().unwrap())
            .collect();
        Box::pin(async move { answers })
    }
}

fn forward(memory: &Arc<Memory>, machine: &Arc<Machine>) -> ForwardLoop {
    ForwardLoop {
        backlog: Arc::clone(memory) as Arc<dyn Backlog>,
        journal: Arc::clone(memory) as Arc<dyn Journal>,
        queue: Arc::new(Script::default()),
        translator: Arc::new(Fussy),
        release: ReleaseStage {
            policies: Arc::new(PolicySet::default()),
            shapers: BTreeMap::new(),
            consents: Arc::new(NoConsents),
            keys: Arc::new(OneKey),
            digester: Digester::new(&[1; 32]),
        },
        clock: Arc::clone(machine) as Arc<dyn Clock>,
        executor: Arc::clone(machine) as Arc<dyn Executor>,
    }
}

fn run<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(task)
}

fn outcomes(memory: &Memory) -> Vec<(u64, Option<Reason>)> {
    let concluded = memory.concluded.lock().unwrap();
    let reason = |outcome: &Outcome| match outcome {
        Outcome::Translated { .. } => None,
        Outcome::Parked(refusal) => Some(refusal.reason),
    };
    concluded
        .iter()
        .map(|one| (one.sequence.0, reason(&one.outcome)))
        .collect()
}

#[test]
fn a_poisonous_message_is_parked_alone() {
    std::panic::set_hook(Box::new(|_| {}));
    let senders = ["good", "poison", "strange", "good"];
    let open = (1..).zip(senders.map(SenderId::new)).collect();
    let memory = Arc::new(Memory {
        open,
        ..Memory::default()
    });
    let ended = run(forward(&memory, &Arc::default()).run());
    assert_eq!(ended, JournalError::Closed);
    let expected = [
        (1, None),
        (2, Some(Reason::Unmappable)),
        (3, Some(Reason::NotMapped)),
        (4, None),
    ];
    assert_eq!(outcomes(&memory), expected);
}

#[test]
fn a_full_store_makes_the_loop_wait_and_lose_nothing() {
    let open = (1..=200)
        .map(|sequence| (sequence, SenderId::new("good")))
        .collect();
    let script = Mutex::new(VecDeque::from([JournalError::Full, JournalError::Full]));
    let memory = Arc::new(Memory {
        open,
        script,
        ..Memory::default()
    });
    let machine = Arc::new(Machine::default());
    run(forward(&memory, &machine).run());
    let expected: Vec<(u64, Option<Reason>)> = (1..=200).map(|at| (at, None)).collect();
    assert_eq!(outcomes(&memory), expected);
    assert_eq!(machine.waits.lock().unwrap().len(), 2);
}

#[test]
fn a_failed_sync_ends_the_loop() {
    let open = vec![(1, SenderId::new("good"))];
    let failed = JournalError::Failed("sync".into());
    let script = Mutex::new(VecDeque::from([failed.clone()]));
    let memory = Arc::new(Memory {
        open,
        script,
        ..Memory::default()
    });
    assert_eq!(run(forward(&memory, &Arc::default()).run()), failed);
}

#[test]
fn only_a_commit_that_speaks_of_the_message_accepts_it() {
    for error in [
        JournalError::Full,
        JournalError::Closed,
        JournalError::Failed("sync".into()),
    ] {
        let script = Mutex::new(VecDeque::from([error]));
        let memory = Arc::new(Memory {
            script,
            ..Memory::default()
        });
        let refused = run(JournalIntake::new(memory).accept(envelope(SenderId::new("a"))));
        assert_eq!(refused.unwrap_err().reason, Reason::StoreUnavailable);
    }
    // The journal in memory answers `Done` to an intake, which proves nothing.
    let memory = Arc::new(Memory::default());
    assert!(run(JournalIntake::new(memory).accept(envelope(SenderId::new("a")))).is_err());
}

/// A delivery with bytes that no gate sealed: it does not open.
fn forged(id: u8, key: u64) -> Delivery {
    let grant = Grant {
        recipient: RecipientId::new("r"),
        flow: FlowId::new("f"),
        flow_version: 1,
        purpose: "TREAT".into(),
        policy_hash: [0; 32],
        consent_version: None,
    };
    Delivery {
        id: DeliveryId::from_bytes([id; 16]),
        subject: SubjectKey::from_bytes([id; 16]),
        created_at: Timestamp::from_unix_millis(0),
        attempt: 1,
        recovered: false,
        sealed: SealedDisclosure::from_stored(grant, KeyId(key), vec![0; 40]),
    }
}

#[test]
fn what_does_not_open_is_parked_and_never_sent() {
    let draws = Mutex::new(VecDeque::from([vec![forged(1, 1), forged(2, 9)]]));
    let queue = Arc::new(Script {
        draws,
        ..Script::default()
    });
    let recipient = RecipientId::new("r");
    let door = Door {
        recipient,
        outcomes: Mutex::default(),
    };
    let machine = Arc::new(Machine::default());
    let deliver = DeliverLoop {
        queue: Arc::clone(&queue) as Arc<dyn DeliveryQueue>,
        destination: Arc::new(door),
        keys: Arc::new(OneKey),
        schedule: RetrySchedule::default(),
        clock: Arc::clone(&machine) as Arc<dyn Clock>,
        executor: machine,
    };
    run(deliver.run());
    let settled = queue.settled.lock().unwrap();
    let steps: Vec<&Step> = settled.iter().map(|one| &one.step).collect();
    assert_eq!(
        steps,
        [
            &Step::Park(Reason::Unopenable),
            &Step::Park(Reason::Unopenable)
        ]
    );
}

#[test]
fn every_outcome_has_its_step() {
    let schedule = RetrySchedule::default();
    let now = Timestamp::from_unix_millis(1_000_000);
    let step = |outcome| isthmus_pipeline::deliver_loop::step(schedule, now, 3, outcome);
    let retry = |millis| {
        Some(Step::Retry {
            not_before: Timestamp::from_unix_millis(millis),
        })
    };
    assert_eq!(step(DeliveryOutcome::Delivered), Some(Step::Delivered));
    assert_eq!(step(DeliveryOutcome::Unknown), retry(1_002_000));
    let asked = Some(Duration::from_secs(7));
    let record = |after| DeliveryOutcome::Retry {
        scope: RetryScope::Record,
        after,
    };
    assert_eq!(step(record(None)), retry(1_002_000));
    assert_eq!(step(record(asked)), retry(1_007_000));
    let recipient = DeliveryOutcome::Retry {
        scope: RetryScope::Recipient,
        after: None,
    };
    assert_eq!(step(recipient), None);
    let refused = DeliveryOutcome::Refused { code: "no".into() };
    assert_eq!(
        step(refused),
        Some(Step::Park(Reason::RefusedByDestination))
    );
}
