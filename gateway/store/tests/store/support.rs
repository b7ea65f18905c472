//! What the store's tests share: a folder that goes away, a clock, an executor, invented messages;
//! no promise is tested here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use isthmus_core::application_answer::ApplicationAnswer;
use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{
    DeliveryId, FlowId, MessageId, RecipientId, SenderId, Sequence, SubjectKey,
};
use isthmus_core::intake::Accepted;
use isthmus_core::journal::{
    Committed, Conclusion, Journal, JournalError, NewDelivery, Outcome, Unit,
};
use isthmus_core::key_ring::KeyId;
use isthmus_core::phi::Phi;
use isthmus_core::privacy::disclosure::Grant;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_store::embedded_queue::EmbeddedQueue;
use isthmus_store::master_key::MasterKey;
use isthmus_store::running_store::{RunningStore, StoreOptions};
use isthmus_store::store_paths::StorePaths;
use zeroize::Zeroizing;

/// 2026-11-02T00:00:00Z.
pub(crate) const START: i64 = 1_793_577_600_000;

/// A folder of its own under the system's folder for such things, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("isthmus-store-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _absent = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn paths(&self) -> StorePaths {
        StorePaths::in_folder(&self.0)
    }

    /// Every byte of every file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let folders = [self.0.clone(), self.0.join("keys")];
        let files = folders
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).unwrap());
        let files = files
            .map(|file| file.unwrap().path())
            .filter(|path| path.is_file());
        files
            .flat_map(|path| std::fs::read(path).unwrap())
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _absent = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

pub(crate) fn master(fill: u8) -> MasterKey {
    MasterKey::new(Zeroizing::new([fill; 32]))
}

pub(crate) fn start(folder: &Folder) -> RunningStore {
    let options = StoreOptions {
        paths: folder.paths(),
        size_limit: None,
    };
    RunningStore::start(&options, &master(1)).unwrap()
}

/// Time that flows from a fixed start.
pub(crate) struct FlowingClock(tokio::time::Instant);

impl FlowingClock {
    pub(crate) fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Clock for FlowingClock {
    fn now(&self) -> Timestamp {
        let millis = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Timestamp::from_unix_millis(START + millis)
    }
}

/// A queue of a store, with time that flows.
pub(crate) fn queue_of(store: &RunningStore) -> EmbeddedQueue {
    let (clock, executor) = (FlowingClock::new(), TestExecutor::new());
    store.queue(Arc::new(clock), Arc::new(executor)).unwrap()
}

pub(crate) fn after(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(at.unix_millis() + millis)
}

/// Tasks and timers of the test's runtime.
pub(crate) struct TestExecutor(tokio::time::Instant);

impl TestExecutor {
    pub(crate) fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Executor for TestExecutor {
    fn spawn(&self, _name: &'static str, task: BoxFuture<'static, ()>) {
        tokio::runtime::Handle::current().spawn(task);
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(tokio::time::Instant::now() + time))
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Sixteen bytes of a kind and a number.
pub(crate) fn digest(kind: u8, number: u64) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes
}

pub(crate) fn subject(number: u64) -> SubjectKey {
    SubjectKey::from_bytes(digest(b'p', number))
}

/// The message with this number, about the patient with this number.
pub(crate) fn message(number: u64, subject: Option<SubjectKey>) -> Envelope<RawMessage> {
    let text = format!("MSH|^~\\&|LAB|NORTH|||20261102||ADT^A01|{number}|P|2.5.1\rPID|1||x\r");
    Envelope {
        id: MessageId::from_bytes(digest(b'm', number)),
        sender: SenderId::new("north-lab"),
        received_at: Timestamp::from_unix_millis(START),
        subject,
        body: RawMessage {
            bytes: Phi::new(Bytes::from(text)),
            control_id: digest(b'c', number),
        },
    }
}

pub(crate) async fn accept(
    journal: &dyn Journal,
    message: Envelope<RawMessage>,
) -> Result<Accepted, JournalError> {
    let committed = journal.commit(Unit::Intake(message)).await?;
    let Committed::Intake(accepted) = committed else {
        panic!("an intake was answered as something else: {committed:?}");
    };
    Ok(accepted)
}

pub(crate) fn delivery_id(number: u64) -> DeliveryId {
    DeliveryId::from_bytes(digest(b'd', number))
}

/// The delivery with this number.
pub(crate) fn delivery(
    number: u64,
    recipient: &RecipientId,
    subject: SubjectKey,
    size: usize,
) -> NewDelivery {
    let grant = Grant {
        recipient: recipient.clone(),
        flow: FlowId::new("reminders"),
        flow_version: 3,
        record: "person".to_owned(),
        purpose: "HMARKT".to_owned(),
        policy_hash: [7; 32],
        consent_version: Some(2),
    };
    NewDelivery {
        id: delivery_id(number),
        subject,
        addresses: Vec::new(),
        urgent: false,
        sealed: SealedDisclosure::from_stored(grant, KeyId(9), vec![b's'; size]),
    }
}

/// A conclusion that gives these deliveries.
pub(crate) fn conclusion(sequence: u64, deliveries: Vec<NewDelivery>) -> Conclusion {
    Conclusion {
        sequence: Sequence(sequence),
        at: Timestamp::from_unix_millis(START),
        outcome: Outcome::Translated {
            map: "adt-a01 1".to_owned(),
            warnings: 0,
        },
        decisions: Vec::new(),
        deliveries,
        entries: Vec::new(),
        answer: None,
    }
}

/// The same conclusion, with an answer of this id for the sender `north`.
pub(crate) fn answered(mut conclusion: Conclusion, control_id: &str) -> Conclusion {
    conclusion.answer = Some(ApplicationAnswer {
        sender: SenderId::new("north"),
        message: MessageId::from_bytes([7; 16]),
        control_id: control_id.to_owned(),
        accept: true,
        bytes: Phi::new(format!("the answer {control_id}").into_bytes()),
    });
    conclusion
}

pub(crate) async fn conclude(journal: &Arc<impl Journal>, conclusion: Conclusion) {
    let unit = Unit::Conclusions(vec![conclusion]);
    assert_eq!(journal.commit(unit).await, Ok(Committed::Done));
}

/// A small generator of numbers, the same for the same seed.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
