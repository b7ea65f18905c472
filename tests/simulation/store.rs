//! The store of one run of the gateway: a committer that syncs what waits together and answers
//! only then, and the backlog over it. The rows are in `tables`, what survives in `disk`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use isthmus_core::application_answer::AnswerPlace;
use isthmus_core::application_answers::{OwedAnswer, OwedAnswers};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{SenderId, Sequence};
use isthmus_core::intake::Numbered;
use isthmus_core::journal::{Backlog, Committed, Journal, JournalError, OpenIntake, Unit};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::disk::Disk;
use crate::machine::{Group, Machine};
use crate::tables::Tables;

type Answer = Result<Committed, JournalError>;

enum Order {
    Commit(Unit, oneshot::Sender<Answer>),
    Stop,
}

/// The committer's side that others see.
pub(crate) struct Store {
    machine: Arc<Machine>,
    disk: Arc<Disk>,
    group: Group,
    orders: mpsc::UnboundedSender<Order>,
    failed: AtomicBool,
    closed: AtomicBool,
    /// Ahead of `read` at first, so that a start reads what an earlier run left.
    arrivals: AtomicU64,
    read: AtomicU64,
    arrived: Notify,
    /// The same for what senders are owed.
    debts: AtomicU64,
    looked: AtomicU64,
    owed: Notify,
    /// How long a sync takes at most.
    slowness: Duration,
}

/// Whether a unit takes room: the higher, the sooner a full store does without it.
const fn room(unit: &Unit) -> u8 {
    match unit {
        Unit::Settlements(_) | Unit::Rulings(_) | Unit::Checkpoint(_) | Unit::Acknowledged(_) => 0,
        Unit::Conclusions(_) => 1,
        Unit::Intake(_) | Unit::Numbered(..) | Unit::Link(..) => 2,
    }
}

impl Store {
    /// Starts a store on what the disk kept.
    pub(crate) fn start(
        machine: &Arc<Machine>,
        disk: &Arc<Disk>,
        group: Group,
        slowness: Duration,
    ) -> Arc<Self> {
        let (orders, received) = mpsc::unbounded_channel();
        let store = Arc::new(Self {
            machine: Arc::clone(machine),
            disk: Arc::clone(disk),
            group,
            orders,
            failed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            arrivals: AtomicU64::new(1),
            read: AtomicU64::new(0),
            arrived: Notify::new(),
            debts: AtomicU64::new(1),
            looked: AtomicU64::new(0),
            owed: Notify::new(),
            slowness,
        });
        let committer = Arc::clone(&store);
        let task = async move { committer.commit_all(received).await };
        machine.spawn_in(group, "commit", Box::pin(task));
        store
    }

    pub(crate) fn read_tables<T>(&self, read: impl FnOnce(&mut Tables) -> T) -> T {
        read(&mut self.disk.tables())
    }

    /// Whether nothing is committed any more: it failed, or it was closed while something was
    /// still under way.
    pub(crate) fn has_ended(&self) -> bool {
        self.failed.load(Ordering::SeqCst) || self.closed.load(Ordering::SeqCst)
    }

    /// Lets in no more units; those that are in are committed.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let _ended = self.orders.send(Order::Stop);
    }

    async fn submit(&self, unit: Unit) -> Answer {
        if self.failed.load(Ordering::SeqCst) {
            return Err(JournalError::Failed("it failed before".to_owned()));
        }
        if self.closed.load(Ordering::SeqCst) {
            return Err(JournalError::Closed);
        }
        let (answer, answered) = oneshot::channel();
        let sent = self.orders.send(Order::Commit(unit, answer));
        sent.map_err(|_ended| JournalError::Closed)?;
        answered.await.unwrap_or(Err(JournalError::Closed))
    }

    async fn commit_all(&self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let mut stopping = false;
        while !stopping {
            let Some(first) = orders.recv().await else {
                return;
            };
            self.machine.while_passes(self.slowness / 8).await;
            let rest = std::iter::from_fn(|| orders.try_recv().ok());
            let mut batch = Vec::new();
            for order in std::iter::once(first).chain(rest) {
                match order {
                    Order::Commit(unit, answer) => batch.push((unit, answer)),
                    Order::Stop => stopping = true,
                }
            }
            self.commit(batch).await;
        }
    }

    /// Commits a batch and answers it, without what does not fit.
    async fn commit(&self, batch: Vec<(Unit, oneshot::Sender<Answer>)>) {
        let full = self.disk.full();
        let (left_out, fits): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|(unit, _)| room(unit) + full >= 3);
        for (_, answer) in left_out {
            self.machine.note("store-full", &[]);
            let _gone = answer.send(Err(JournalError::Full));
        }
        if fits.is_empty() {
            return;
        }
        let (units, answers): (Vec<_>, Vec<_>) = fits.into_iter().unzip();
        let owes = units.iter().any(owes);
        self.disk.write(units);
        self.machine.while_passes(self.slowness).await;
        let Some(committed) = self.disk.sync() else {
            self.fail();
            let failed = || Err(JournalError::Failed("the sync failed".to_owned()));
            for answer in answers {
                let _gone = answer.send(failed());
            }
            return;
        };
        self.machine.note("synced", &[committed.len() as u64]);
        // A crash here finds it synced and nobody told.
        self.machine.while_passes(self.slowness / 16).await;
        let arrived = committed.iter().map(|one| match one {
            Committed::Intake(accepted) | Committed::Numbered(Numbered::Accepted(accepted)) => {
                u64::from(!accepted.repeat)
            }
            Committed::Ruled(ruled) => *ruled as u64,
            Committed::Numbered(_) | Committed::Link(_) | Committed::Done => 0,
        });
        let arrived: u64 = arrived.sum();
        for (answer, committed) in answers.into_iter().zip(committed) {
            let _gone = answer.send(Ok(committed));
        }
        if owes {
            self.debts.fetch_add(1, Ordering::SeqCst);
            self.owed.notify_waiters();
        }
        if arrived > 0 {
            self.arrivals.fetch_add(arrived, Ordering::SeqCst);
            self.arrived.notify_waiters();
        }
    }

    /// Nothing more is committed, and the process ends soon.
    fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
        self.machine.note("sync-failed", &[]);
        self.machine.crash_soon(self.group);
    }

    async fn wait_for_arrivals(&self) {
        loop {
            let arrived = self.arrived.notified();
            if self.arrivals.load(Ordering::SeqCst) > self.read.load(Ordering::SeqCst) {
                return;
            }
            arrived.await;
        }
    }
}

/// Whether senders are owed answers after a unit.
fn owes(unit: &Unit) -> bool {
    matches!(unit, Unit::Conclusions(all) if all.iter().any(|one| one.answer.is_some()))
}

impl OwedAnswers for Store {
    fn senders(&self) -> Result<Vec<SenderId>, JournalError> {
        let debts = self.debts.load(Ordering::SeqCst);
        let tables = self.disk.tables();
        let senders: BTreeSet<&SenderId> =
            tables.owed.values().map(|(one, _)| &one.sender).collect();
        self.looked.fetch_max(debts, Ordering::SeqCst);
        Ok(senders.into_iter().cloned().collect())
    }

    fn page(
        &self,
        sender: &SenderId,
        after: AnswerPlace,
        limit: usize,
    ) -> Result<Vec<OwedAnswer>, JournalError> {
        let tables = self.disk.tables();
        let behind = tables.owed.range(after.0 + 1..);
        let theirs = behind.filter(|(_, (answer, _))| answer.sender == *sender);
        let page = theirs
            .take(limit)
            .map(|(place, (answer, since))| OwedAnswer {
                place: AnswerPlace(*place),
                message: answer.message,
                control_id: answer.control_id.clone(),
                accept: answer.accept,
                since: *since,
                bytes: Ok(answer.bytes.clone()),
            });
        Ok(page.collect())
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let owed = self.owed.notified();
                if self.debts.load(Ordering::SeqCst) > self.looked.load(Ordering::SeqCst) {
                    return;
                }
                owed.await;
            }
        })
    }
}

impl Journal for Store {
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Answer> {
        Box::pin(self.submit(unit))
    }
}

impl Backlog for Store {
    fn open_intakes(
        &self,
        limit: usize,
        in_work: &[Sequence],
    ) -> Result<Vec<OpenIntake>, JournalError> {
        let arrivals = self.arrivals.load(Ordering::SeqCst);
        let tables = self.disk.tables();
        let free = |one: &&u64| !in_work.contains(&Sequence(**one));
        let open = tables.open.keys().filter(free).take(limit);
        let page: Vec<_> = open.filter_map(|one| open_intake(&tables, *one)).collect();
        if page.len() < limit {
            self.read.fetch_max(arrivals, Ordering::SeqCst);
        }
        Ok(page)
    }

    fn message(&self, sequence: Sequence) -> Result<Option<OpenIntake>, JournalError> {
        Ok(open_intake(&self.disk.tables(), sequence.0))
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.wait_for_arrivals())
    }
}

fn open_intake(tables: &Tables, sequence: u64) -> Option<OpenIntake> {
    let message = tables.intake.get(&sequence)?;
    Some(OpenIntake {
        sequence: Sequence(sequence),
        id: message.id,
        message: Ok(message.clone()),
    })
}
