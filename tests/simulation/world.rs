//! The world of one run: everything that is there whether the gateway runs or not, and the gateway
//! while it does. What is put together when it starts is in `gateway`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use isthmus_core::current::Current;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::intake::Intake;
use isthmus_pipeline::rules_in_force::RulesInForce;
use tokio::sync::Notify;

use crate::broker::Exchange;
use crate::disk::Disk;
use crate::facts::Facts;
use crate::machine::{Group, Machine, Process};
use crate::plan::Plan;
use crate::planted::Marks;
use crate::site::rules;
use crate::store::Store;
use crate::weather::Weather;

/// Tells the loops to stop. (Tokio's `watch` wakes in an order of its own, unlike every time.)
#[derive(Debug, Default)]
pub(crate) struct Stop {
    told: AtomicBool,
    changed: Notify,
}

impl Stop {
    pub(crate) fn tell(&self) {
        self.told.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Completes when it was told.
    pub(crate) async fn wait(&self) {
        let changed = self.changed.notified();
        if !self.told.load(Ordering::SeqCst) {
            changed.await;
        }
    }
}

/// A gateway that runs.
pub(crate) struct Running {
    pub(crate) group: Group,
    pub(crate) process: Arc<Process>,
    pub(crate) rules: Arc<Current<RulesInForce>>,
    pub(crate) store: Arc<Store>,
    pub(crate) queue: Arc<dyn DeliveryQueue>,
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) stop: Arc<Stop>,
    /// Loops that have not ended.
    pub(crate) loops: AtomicU64,
}

/// Everything.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) machine: Arc<Machine>,
    pub(crate) weather: Arc<Weather>,
    pub(crate) disk: Arc<Disk>,
    pub(crate) exchange: Arc<Exchange>,
    /// What a planted fault takes for done.
    pub(crate) marks: Arc<Marks>,
    facts: Mutex<Facts>,
    /// Until when recipients are away.
    away_until: Mutex<BTreeMap<String, Duration>>,
    /// Requests under way.
    pub(crate) on_wire: AtomicU64,
    /// Which version of the policies the next start reads.
    rules_version: AtomicUsize,
    /// Connections that have more to send.
    pub(crate) sending: AtomicU64,
    /// Senders, people and faults that are not done.
    busy: AtomicU64,
    running: Mutex<Option<Arc<Running>>>,
    /// Whether it takes messages and commands.
    open: AtomicBool,
    /// When runs of the gateway ended.
    ended: Mutex<BTreeMap<Group, Duration>>,
}

impl World {
    pub(crate) fn new(plan: Plan, keeps_lines: bool) -> Arc<Self> {
        let machine = Machine::new(plan.seed, keeps_lines);
        let weather = Arc::new(Weather::drawn(&machine));
        let disk = Arc::new(Disk::new(&machine));
        let exchange = Arc::new(Exchange::new(&machine, &weather));
        Arc::new(Self {
            plan,
            exchange,
            marks: Arc::default(),
            weather,
            disk,
            machine,
            facts: Mutex::default(),
            away_until: Mutex::default(),
            on_wire: AtomicU64::new(0),
            rules_version: AtomicUsize::new(0),
            sending: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            running: Mutex::default(),
            open: AtomicBool::new(false),
            ended: Mutex::default(),
        })
    }

    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap()
    }

    pub(crate) fn rules_version(&self) -> usize {
        self.rules_version.load(Ordering::SeqCst)
    }

    /// Somebody writes other policies, and has the gateway read them when it runs.
    pub(crate) fn change_rules(&self) {
        let next = 1 - self.rules_version();
        self.rules_version.store(next, Ordering::SeqCst);
        if let Some(running) = self.running() {
            running.rules.replace(rules(next));
        }
    }

    /// The gateway, while it runs and takes messages and commands.
    pub(crate) fn running(&self) -> Option<Arc<Running>> {
        if !self.open.load(Ordering::SeqCst) {
            return None;
        }
        self.running.lock().unwrap().clone()
    }

    /// The number of the next run of the gateway.
    pub(crate) fn next_group(&self) -> Group {
        Group(self.ended.lock().unwrap().len() as u64 + 1)
    }

    pub(crate) fn set_running(&self, running: Arc<Running>) {
        *self.running.lock().unwrap() = Some(running);
        self.open.store(true, Ordering::SeqCst);
    }

    /// The gateway takes nothing more, and goes on with what it has.
    pub(crate) fn close(&self) -> Option<Arc<Running>> {
        let running = self.running();
        self.open.store(false, Ordering::SeqCst);
        running
    }

    /// The gateway is gone.
    pub(crate) fn take_running(&self) -> Option<Arc<Running>> {
        self.open.store(false, Ordering::SeqCst);
        self.running.lock().unwrap().take()
    }

    pub(crate) fn note_end(&self, group: Group) {
        let now = self.machine.passed();
        self.ended.lock().unwrap().entry(group).or_insert(now);
    }

    /// When a run of the gateway ended; None while it runs.
    pub(crate) fn ended_at(&self, group: Group) -> Option<Duration> {
        self.ended.lock().unwrap().get(&group).copied()
    }

    pub(crate) fn send_away(&self, recipient: &str, time: Duration) {
        let until = self.machine.passed() + time;
        let mut away = self.away_until.lock().unwrap();
        away.insert(recipient.to_owned(), until);
    }

    pub(crate) fn is_away(&self, recipient: &str) -> bool {
        let away = self.away_until.lock().unwrap();
        let until = away.get(recipient);
        !self.weather.is_calm() && until.is_some_and(|until| *until > self.machine.passed())
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst) > 0
    }

    /// Starts somebody who is part of the world; the run waits for them to be done.
    pub(crate) fn start(
        self: &Arc<Self>,
        name: &'static str,
        somebody: impl Future<Output = ()> + Send + 'static,
    ) {
        let world = Arc::clone(self);
        self.busy.fetch_add(1, Ordering::SeqCst);
        let task = async move {
            somebody.await;
            world.busy.fetch_sub(1, Ordering::SeqCst);
        };
        self.machine
            .spawn_in(crate::machine::WORLD, name, Box::pin(task));
    }

    /// Some time between two things that people or faults do.
    pub(crate) async fn pause_between(&self) {
        self.machine.while_passes(self.weather.between).await;
    }
}
