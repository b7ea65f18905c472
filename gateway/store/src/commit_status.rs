//! What the committer tells the rest of the process: that it failed, that messages arrived, that
//! the ledger grew and that senders are owed answers; the committing itself is in `committer`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// The state of a committer, as others see it.
#[derive(Debug)]
pub(crate) struct CommitStatus {
    failure: OnceLock<String>,
    failed: Notify,
    /// Rises with every message that arrives; ahead of `read` at first, so that a start reads
    /// what an earlier run left.
    arrivals: AtomicU64,
    /// The arrivals that the last page of the backlog included.
    read: AtomicU64,
    arrived: Notify,
    /// Rises with every batch that added to the ledger; ahead of `seen` at first.
    growths: AtomicU64,
    /// The growths that whoever signs the ledger has seen.
    seen: AtomicU64,
    grew: Notify,
    /// Rises with every batch after which senders are owed answers; ahead of `looked` at first.
    debts: AtomicU64,
    /// The debts that whoever sends answers has looked for.
    looked: AtomicU64,
    owed: Notify,
}

impl CommitStatus {
    pub(crate) fn new() -> Self {
        Self {
            failure: OnceLock::new(),
            failed: Notify::new(),
            arrivals: AtomicU64::new(1),
            read: AtomicU64::new(0),
            arrived: Notify::new(),
            growths: AtomicU64::new(1),
            seen: AtomicU64::new(0),
            grew: Notify::new(),
            debts: AtomicU64::new(1),
            looked: AtomicU64::new(0),
            owed: Notify::new(),
        }
    }

    /// The first failure stays.
    pub(crate) fn fail(&self, why: &str) {
        self.failure.get_or_init(|| why.to_owned());
        self.failed.notify_waiters();
    }

    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    pub(crate) async fn failed(&self) -> String {
        loop {
            let failed = self.failed.notified();
            if let Some(why) = self.failure() {
                return why.to_owned();
            }
            failed.await;
        }
    }

    pub(crate) fn messages_arrived(&self, count: u64) {
        if count > 0 {
            self.arrivals.fetch_add(count, Ordering::SeqCst);
            self.arrived.notify_waiters();
        }
    }

    pub(crate) fn ledger_grew(&self) {
        self.growths.fetch_add(1, Ordering::SeqCst);
        self.grew.notify_waiters();
    }

    pub(crate) fn growths(&self) -> u64 {
        self.growths.load(Ordering::SeqCst)
    }

    pub(crate) fn have_seen(&self, growths: u64) {
        self.seen.fetch_max(growths, Ordering::SeqCst);
    }

    pub(crate) async fn grown(&self) {
        loop {
            let grew = self.grew.notified();
            if self.growths() > self.seen.load(Ordering::SeqCst) {
                return;
            }
            grew.await;
        }
    }

    pub(crate) fn answers_owed(&self) {
        self.debts.fetch_add(1, Ordering::SeqCst);
        self.owed.notify_waiters();
    }

    pub(crate) fn debts(&self) -> u64 {
        self.debts.load(Ordering::SeqCst)
    }

    pub(crate) fn have_looked(&self, debts: u64) {
        self.looked.fetch_max(debts, Ordering::SeqCst);
    }

    pub(crate) async fn indebted(&self) {
        loop {
            let owed = self.owed.notified();
            if self.debts() > self.looked.load(Ordering::SeqCst) {
                return;
            }
            owed.await;
        }
    }

    pub(crate) fn arrivals(&self) -> u64 {
        self.arrivals.load(Ordering::SeqCst)
    }

    pub(crate) fn have_read(&self, arrivals: u64) {
        self.read.fetch_max(arrivals, Ordering::SeqCst);
    }

    pub(crate) async fn arrived(&self) {
        loop {
            let arrived = self.arrived.notified();
            if self.arrivals() > self.read.load(Ordering::SeqCst) {
                return;
            }
            arrived.await;
        }
    }
}
