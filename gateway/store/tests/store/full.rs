//! A full store says so, loses nothing, and goes on when there is room.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::{DeliveryQueue, Draw};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::RecipientId;
use isthmus_core::journal::{Backlog, Committed, Journal, JournalError, Settlement, Step, Unit};
use isthmus_store::running_store::{RunningStore, StoreOptions};
use isthmus_store::store_paths::StorePaths;
use tokio::sync::Semaphore;

use crate::support::{
    FlowingClock, Folder, START, accept, conclude, conclusion, delivery, delivery_id, master,
    message, start, subject,
};

#[tokio::test]
async fn a_full_store_refuses_messages_and_takes_settlements() {
    let folder = Folder::new();
    let store = limited(folder.paths(), 1 << 20);
    let journal = store.journal();
    let recipient = RecipientId::new("mailer");
    accept(journal.as_ref(), message(0, None)).await.unwrap();
    let big = delivery(0, &recipient, subject(0), 300_000);
    conclude(&journal, conclusion(1, vec![big])).await;
    let mut accepted = 1;
    let full = loop {
        match accept(journal.as_ref(), message(accepted, None)).await {
            Ok(_accepted) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full, JournalError::Full);
    let refused = accept(journal.as_ref(), message(accepted, None)).await;
    assert_eq!(refused, Err(JournalError::Full));
    let delivered = delivered(0);
    let together = tokio::join!(
        journal.commit(Unit::Settlements(vec![delivered])),
        accept(journal.as_ref(), message(accepted, None)),
    );
    assert_eq!(together.0, Ok(Committed::Done));
    for _message in 0..10 {
        accept(journal.as_ref(), message(accepted, None))
            .await
            .unwrap();
        accepted += 1;
    }
    drop(store);
    let store = start(&folder);
    let open = store.backlog().open_intakes(1_000_000, &[]).unwrap();
    assert_eq!(open.len() as u64, accepted - 1);
    assert!(open.iter().all(|open| open.message.is_ok()));
}

fn delivered(number: u64) -> Settlement {
    Settlement {
        id: delivery_id(number),
        at: Timestamp::from_unix_millis(START),
        step: Step::Delivered,
        entries: Vec::new(),
    }
}

fn limited(paths: StorePaths, size_limit: u64) -> RunningStore {
    let size_limit = Some(size_limit);
    RunningStore::start(&StoreOptions { paths, size_limit }, &master(1)).unwrap()
}

/// Longer than any commit takes; nothing depends on how long exactly.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn conclusions_that_do_not_fit_take_no_settlement_down() {
    let folder = Folder::new();
    let store = limited(folder.paths(), 1 << 20);
    let journal = store.journal();
    let recipient = RecipientId::new("mailer");
    let small = (0..100).map(|number| delivery(number, &recipient, subject(number), 100));
    conclude(&journal, conclusion(1, small.collect())).await;
    // While the first of these is written, the others wait and become one batch.
    let mut together = tokio::task::JoinSet::new();
    for number in 0..100 {
        let size = 1 << 20;
        let big = delivery(1_000 + number, &recipient, subject(number), size);
        let units = [
            Unit::Conclusions(vec![conclusion(2 + number, vec![big])]),
            Unit::Settlements(vec![delivered(number)]),
        ];
        for unit in units {
            let expected = match unit {
                Unit::Settlements(_)
                | Unit::Rulings(_)
                | Unit::Checkpoint(_)
                | Unit::Acknowledged(_) => Ok(Committed::Done),
                Unit::Conclusions(_) | Unit::Intake(_) | Unit::Numbered(..) | Unit::Link(..) => {
                    Err(JournalError::Full)
                }
            };
            let journal = Arc::clone(&journal);
            together.spawn(async move { (journal.commit(unit).await, expected) });
        }
    }
    for (committed, expected) in together.join_all().await {
        assert_eq!(committed, expected);
    }
    let counts = store.store().summary().unwrap().counts().unwrap();
    assert_eq!(counts.deliveries[0].state, "delivered");
    assert_eq!(counts.deliveries[0].count, 100);
}

/// Timers that end when the test says so.
#[derive(Clone)]
struct Gate {
    sleeps: Arc<Semaphore>,
    wakes: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        Self {
            sleeps: Arc::new(Semaphore::new(0)),
            wakes: Arc::new(Semaphore::new(0)),
        }
    }

    async fn somebody_sleeps(&self) {
        let slept = tokio::time::timeout(SOON, self.sleeps.acquire()).await;
        slept.expect("somebody sleeps").unwrap().forget();
    }

    fn wake(&self) {
        self.wakes.add_permits(1);
    }
}

impl Executor for Gate {
    fn spawn(&self, _name: &'static str, _task: BoxFuture<'static, ()>) {}

    fn sleep(&self, _time: Duration) -> BoxFuture<'static, ()> {
        self.sleeps.add_permits(1);
        let wakes = Arc::clone(&self.wakes);
        Box::pin(async move { wakes.acquire().await.unwrap().forget() })
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Settles in a full store, makes room after two more tries, and finds everything settled.
async fn settling_waits(
    store: &RunningStore,
    settlements: Vec<Settlement>,
    make_room: impl AsyncFn(),
) {
    let recipient = RecipientId::new("mailer");
    let gate = Gate::new();
    let clock = Arc::new(FlowingClock::new());
    let queue = Arc::new(store.queue(clock, Arc::new(gate.clone())).unwrap());
    let draw = Draw {
        limit: 1_000,
        consecutive: false,
    };
    assert!(!queue.next(&recipient, draw).await.unwrap().is_empty());
    let count = settlements.len() as u64;
    let settling = {
        let (queue, recipient) = (Arc::clone(&queue), recipient.clone());
        async move { queue.settle(&recipient, settlements).await }
    };
    let settling = tokio::runtime::Handle::current().spawn(settling);
    for _try in 0..2 {
        gate.somebody_sleeps().await;
        gate.wake();
    }
    gate.somebody_sleeps().await;
    make_room().await;
    gate.wake();
    let settled = tokio::time::timeout(SOON, settling).await;
    assert_eq!(settled.expect("there is room").unwrap(), Ok(()));
    let counts = store.store().summary().unwrap().counts().unwrap();
    let delivered = counts.deliveries.iter();
    let delivered = delivered.filter(|one| one.state == "delivered");
    assert!(delivered.map(|one| one.count).sum::<u64>() >= count);
}

#[tokio::test]
async fn settling_waits_until_the_store_has_room() {
    let folder = Folder::new();
    let store = limited(folder.paths(), 1 << 20);
    let journal = store.journal();
    let recipient = RecipientId::new("mailer");
    let mut deliveries: Vec<_> = (1..=1_000)
        .map(|number| delivery(number, &recipient, subject(number), 100))
        .collect();
    deliveries.push(delivery(0, &recipient, subject(0), 100_000));
    conclude(&journal, conclusion(1, deliveries)).await;
    let mut number = 2;
    for size in [50_000, 2_000, 100] {
        let other = RecipientId::new("data-lake");
        let fill = |number| {
            let filling = delivery(10_000 + number, &other, subject(number), size);
            Unit::Conclusions(vec![conclusion(number, vec![filling])])
        };
        while journal.commit(fill(number)).await.is_ok() {
            number += 1;
        }
    }
    // One of ten: no page of the deliveries becomes free, and the notes need some.
    let settlements = (1..=100).map(|tenth| delivered(tenth * 10)).collect();
    settling_waits(&store, settlements, async || {
        let unit = Unit::Settlements(vec![delivered(0)]);
        assert_eq!(journal.commit(unit).await, Ok(Committed::Done));
    })
    .await;
}

/// A disk of two MiB, taken away at the end.
struct SmallDisk<'p>(&'p Path);

impl<'p> SmallDisk<'p> {
    /// None when this user may not mount one.
    fn mount(path: &'p Path) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(path);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(path))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg(self.0).status();
    }
}

#[tokio::test]
async fn settling_waits_until_the_disk_has_room() {
    let folder = Folder::new();
    let Some(_disk) = SmallDisk::mount(folder.path()) else {
        eprintln!("skipped: only an administrator may mount a small disk");
        return;
    };
    let store = start(&folder);
    let recipient = RecipientId::new("mailer");
    let deliveries = (0..100).map(|number| delivery(number, &recipient, subject(number), 100));
    conclude(&store.journal(), conclusion(1, deliveries.collect())).await;
    let ballast = folder.path().join("ballast");
    let filled = std::fs::write(&ballast, vec![1; 2 << 20]);
    assert!(filled.is_err(), "the disk is full");
    let settlements = (0..100).map(delivered).collect();
    settling_waits(&store, settlements, async || {
        std::fs::remove_file(&ballast).unwrap();
    })
    .await;
    drop(store);
}
