//! A ledger in memory that a test can tamper with, and a machine without time; no promise is
//! tested here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::journal::{Checkpoint, Committed, Journal, JournalError, Unit};
use isthmus_core::ledger::{LeafHash, leaf_hash};
use isthmus_core::ledger_rows::{LedgerRow, LedgerRows, LedgerUnreadable};
use isthmus_ledger::checkpoint_loop::{CheckpointError, CheckpointLoop};
use isthmus_ledger::signing_key::SigningKey;

use crate::entries::line;

pub(crate) const ORIGIN: &str = "isthmus/ledger/0f1e2d3c";
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// The key of the ledgers here.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap()
}

/// Rows and checkpoints, what the journal answers next to a checkpoint instead of taking it, and
/// whether it takes the next one without ever answering.
#[derive(Default)]
pub(crate) struct MemoryLedger {
    pub(crate) rows: Mutex<Vec<LedgerRow>>,
    pub(crate) checkpoints: Mutex<Vec<Checkpoint>>,
    pub(crate) refusals: Mutex<VecDeque<JournalError>>,
    pub(crate) is_mute: AtomicBool,
}

impl MemoryLedger {
    /// A ledger with a checkpoint at each of these sizes, which rise.
    pub(crate) fn signed_at(sizes: &[u64]) -> Arc<Self> {
        let ledger = Arc::new(Self::default());
        let mut signing = ledger.signing(&Arc::default());
        for size in sizes {
            ledger.grow_to(*size);
            run(signing.sign_now()).unwrap();
        }
        ledger
    }

    pub(crate) fn grow_to(&self, size: u64) {
        let mut rows = self.rows.lock().unwrap();
        for place in rows.len() as u64..size {
            let line = line(place);
            let leaf = leaf_hash(&line);
            rows.push(LedgerRow { place, leaf, line });
        }
    }

    pub(crate) fn signing(self: &Arc<Self>, machine: &Arc<Machine>) -> CheckpointLoop {
        let rows = Arc::clone(self) as Arc<dyn LedgerRows>;
        let journal = Arc::clone(self) as Arc<dyn Journal>;
        let machine = Arc::clone(machine) as Arc<dyn Executor>;
        CheckpointLoop::new(rows, journal, machine, key(), EVERY)
    }

    /// What a gateway that starts on the ledger says to signing it.
    pub(crate) fn sign_anew(self: &Arc<Self>) -> Result<Option<Checkpoint>, CheckpointError> {
        run(self.signing(&Arc::default()).sign_now())
    }

    pub(crate) fn signed_sizes(&self) -> Vec<u64> {
        let checkpoints = self.checkpoints.lock().unwrap();
        checkpoints.iter().map(|one| one.size).collect()
    }
}

impl LedgerRows for MemoryLedger {
    fn size(&self) -> Result<u64, LedgerUnreadable> {
        let rows = self.rows.lock().unwrap();
        Ok(rows.iter().map(|row| row.place + 1).max().unwrap_or(0))
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<LeafHash>, LedgerUnreadable> {
        let places = from..from + limit as u64;
        let rows = self.rows.lock().unwrap();
        let page = rows.iter().filter(|row| places.contains(&row.place));
        Ok(page.map(|row| row.leaf).collect())
    }

    fn for_each(&self, each: &mut dyn FnMut(LedgerRow) -> bool) -> Result<(), LedgerUnreadable> {
        let rows = self.rows.lock().unwrap().clone();
        let _done = rows.into_iter().all(each);
        Ok(())
    }

    fn checkpoints(&self) -> Result<Vec<Checkpoint>, LedgerUnreadable> {
        Ok(self.checkpoints.lock().unwrap().clone())
    }

    fn last_checkpoint(&self) -> Result<Option<Checkpoint>, LedgerUnreadable> {
        let checkpoints = self.checkpoints.lock().unwrap();
        Ok(checkpoints.iter().max_by_key(|one| one.size).cloned())
    }

    fn grown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Journal for MemoryLedger {
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Result<Committed, JournalError>> {
        Box::pin(async move {
            if let Some(error) = self.refusals.lock().unwrap().pop_front() {
                return Err(error);
            }
            let Unit::Checkpoint(checkpoint) = unit else {
                panic!("a checkpoint loop commits checkpoints");
            };
            self.checkpoints.lock().unwrap().push(checkpoint);
            if self.is_mute.swap(false, Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            Ok(Committed::Done)
        })
    }
}

type Wake = Box<dyn FnMut(Duration) + Send>;

/// Timers that end at once; the test is told of each.
#[derive(Default)]
pub(crate) struct Machine(pub(crate) Mutex<Option<Wake>>);

impl Executor for Machine {
    fn spawn(&self, _name: &'static str, _task: BoxFuture<'static, ()>) {}

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        if let Some(wake) = self.0.lock().unwrap().as_mut() {
            wake(time);
        }
        Box::pin(async {})
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Runs a task to its end.
pub(crate) fn run<T>(task: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(task)
}
