//! What the suite is given: invented deliveries, a clock, an executor, a store in a folder that
//! goes away; no promise is tested here.

use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, FlowId, RecipientId, Sequence, SubjectKey};
use isthmus_core::journal::{Conclusion, NewDelivery, Outcome};
use isthmus_core::key_ring::KeyId;
use isthmus_core::privacy::disclosure::Grant;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_store::embedded_queue::EmbeddedQueue;
use isthmus_store::master_key::MasterKey;
use isthmus_store::running_store::{RunningStore, StoreOptions};
use isthmus_store::store_paths::StorePaths;
use tempfile::TempDir;

/// 2026-11-02T00:00:00Z.
const START: i64 = 1_793_577_600_000;

/// A store and its own queue, on files that outlive them.
pub(crate) struct StoreOnDisk {
    pub(crate) clock: Arc<FlowingClock>,
    running: Option<(RunningStore, Arc<EmbeddedQueue>)>,
    /// Last, so that it goes when nobody uses it.
    folder: TempDir,
}

impl StoreOnDisk {
    pub(crate) fn new() -> Self {
        let mut store = Self {
            clock: Arc::new(FlowingClock(tokio::time::Instant::now())),
            running: None,
            folder: tempfile::tempdir().unwrap(),
        };
        store.open();
        store
    }

    /// Ends what runs on the files, and starts it again.
    pub(crate) fn open(&mut self) {
        self.running = None;
        let options = StoreOptions {
            paths: StorePaths::in_folder(self.folder.path().join("store")),
            size_limit: None,
        };
        let store = RunningStore::start(&options, &MasterKey::new([1; 32].into())).unwrap();
        let clock = Arc::clone(&self.clock);
        let queue = store.queue(clock, executor()).unwrap();
        self.running = Some((store, Arc::new(queue)));
    }

    pub(crate) fn store(&self) -> &RunningStore {
        &self.running.as_ref().unwrap().0
    }

    pub(crate) fn queue(&self) -> Arc<EmbeddedQueue> {
        Arc::clone(&self.running.as_ref().unwrap().1)
    }
}

/// Time that flows from a fixed start.
pub(crate) struct FlowingClock(tokio::time::Instant);

impl Clock for FlowingClock {
    fn now(&self) -> Timestamp {
        let millis = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Timestamp::from_unix_millis(START + millis)
    }
}

pub(crate) fn after(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(at.unix_millis() + millis)
}

/// Tasks and timers of the test's runtime.
struct TestExecutor(tokio::time::Instant);

pub(crate) fn executor() -> Arc<dyn Executor> {
    Arc::new(TestExecutor(tokio::time::Instant::now()))
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

/// Sixteen bytes of a kind and a number, in the order of the numbers.
fn digest(kind: u8, number: u64) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// Patients' keys are digests: their first bytes differ.
pub(crate) fn subject(number: u64) -> SubjectKey {
    let mut bytes = digest(b'p', number);
    bytes[..8].copy_from_slice(
        &(number + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .to_be_bytes(),
    );
    SubjectKey::from_bytes(bytes)
}

pub(crate) fn delivery_id(number: u64) -> DeliveryId {
    DeliveryId::from_bytes(digest(b'd', number))
}

/// The delivery with this number; no two have the same bytes.
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
    let mut bytes = vec![b's'; size];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    NewDelivery {
        id: delivery_id(number),
        subject,
        addresses: Vec::new(),
        urgent: false,
        sealed: SealedDisclosure::from_stored(grant, KeyId(9), bytes),
    }
}

/// The same, before all others.
pub(crate) fn urgent(delivery: NewDelivery) -> NewDelivery {
    NewDelivery {
        urgent: true,
        ..delivery
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
