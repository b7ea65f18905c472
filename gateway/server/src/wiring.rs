//! Joins the parts of a running gateway; the one file that knows them all by name. What each part
//! does is its own crate's business.

use std::net::SocketAddr;
use std::sync::Arc;

use isthmus_adapters::append_file::AppendFolder;
use isthmus_adapters::ndjson_folder::destination::NdjsonFolder;
use isthmus_adapters::runner::Runner;
use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::destination::Destination;
use isthmus_core::executor::Executor;
use isthmus_core::id::RecipientId;
use isthmus_core::journal::{Backlog, Journal, JournalError};
use isthmus_core::key_ring::KeyRing;
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_ingress::acknowledgement::ControlIds;
use isthmus_ingress::budget::Budget;
use isthmus_ingress::counters::Counters;
use isthmus_ingress::mllp_listener::MllpListener;
use isthmus_ingress::seams::{Mapped, Seams};
use isthmus_pipeline::deliver_loop::DeliverLoop;
use isthmus_pipeline::forward_loop::ForwardLoop;
use isthmus_pipeline::journal_intake::JournalIntake;
use isthmus_pipeline::release_stage::ReleaseStage;
use isthmus_pipeline::retry_schedule::RetrySchedule;
use isthmus_store::running_store::{RunningStore, StoreOptions};
use tokio::sync::{mpsc, watch};

use crate::config::{DestinationConfig, QueueKind};
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::listeners;
use crate::rules::Rules;
use crate::system::{SystemClock, TokioExecutor};

/// A port that is open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listening {
    /// Where.
    pub(crate) address: SocketAddr,
    /// Whether peers speak TLS.
    pub(crate) tls: bool,
}

/// Why a gateway ended by itself.
#[derive(Debug)]
pub(crate) enum Ended {
    /// A sync failed.
    Store(String),
    /// A loop cannot go on.
    Loop(String),
}

/// A gateway that takes messages in and delivers.
pub(crate) struct RunningGateway {
    store: Arc<RunningStore>,
    listening: Vec<Listening>,
    stop: watch::Sender<bool>,
    listeners: tokio::task::JoinSet<()>,
    loops: mpsc::Receiver<String>,
}

/// What every part is given.
struct Parts {
    store: Arc<RunningStore>,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
    keys: Arc<dyn KeyRing>,
    queue: Arc<dyn DeliveryQueue>,
    ended: mpsc::Sender<String>,
}

impl RunningGateway {
    /// Opens the store, starts the loops, and opens the ports last.
    pub(crate) fn start(file: &ConfigFile, rules: Rules) -> Result<Self, Failure> {
        let master = file.master_key()?;
        let options = StoreOptions {
            paths: file.store_paths(),
            size_limit: None,
        };
        let store = RunningStore::start(&options, &master).map_err(Failure::run)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let executor: Arc<dyn Executor> = Arc::new(TokioExecutor::new());
        let queue = match file.config.store.queue {
            QueueKind::Embedded => store.queue(Arc::clone(&clock), Arc::clone(&executor)),
        };
        let queue = queue.map_err(Failure::run)?;
        let (ended, loops) = mpsc::channel(16);
        let keys: Arc<dyn KeyRing> = store.store().keys();
        let store = Arc::new(store);
        let queue: Arc<dyn DeliveryQueue> = Arc::new(queue);
        let parts = Parts {
            store,
            clock,
            executor,
            keys,
            queue,
            ended,
        };
        let library = Arc::clone(&rules.library);
        let mapped: Arc<Mapped> =
            Arc::new(move |code, event| library.for_event(code, event).is_some());
        for destination in &file.config.destinations {
            parts.deliver(file, destination.get_ref(), &rules.policies)?;
        }
        if file.config.store.forward {
            parts.forward(rules);
        }
        let (stop, stopping) = watch::channel(false);
        let mut running = tokio::task::JoinSet::new();
        let mut listening = Vec::new();
        let seams = parts.seams(file, mapped)?;
        for stated in &file.config.mllp {
            let config = listeners::with_paths(file, stated.get_ref());
            let listener = MllpListener::bind(&config, Arc::clone(&seams))
                .map_err(|error| listeners::unusable(file, stated, &error))?;
            let (address, tls) = (listener.local_address(), config.tls.is_some());
            listening.push(Listening { address, tls });
            running.spawn(listener.run(stopping.clone()));
        }
        Ok(Self {
            store: parts.store,
            listening,
            stop,
            listeners: running,
            loops,
        })
    }

    /// The open ports, in the configuration's order.
    pub(crate) fn listening(&self) -> &[Listening] {
        &self.listening
    }

    /// Completes when the gateway cannot go on.
    pub(crate) async fn ended(&mut self) -> Ended {
        tokio::select! {
            why = self.store.failed() => Ended::Store(why),
            Some(why) = self.loops.recv() => Ended::Loop(why),
        }
    }

    /// Closes the ports, answers what came in whole, and commits what waits.
    pub(crate) async fn stop(mut self) {
        // Nobody listens any more when every listener has ended already.
        let _ended = self.stop.send(true);
        while self.listeners.join_next().await.is_some() {}
        let store = self.store;
        drop(tokio::task::spawn_blocking(move || store.close()).await);
    }
}

impl Parts {
    fn seams(&self, file: &ConfigFile, mapped: Arc<Mapped>) -> Result<Arc<Seams>, Failure> {
        Ok(Arc::new(Seams {
            senders: listeners::senders(file)?,
            intake: Arc::new(JournalIntake::new(self.store.journal())),
            digester: self.store.store().digester().clone(),
            clock: Arc::clone(&self.clock),
            executor: Arc::clone(&self.executor),
            budget: Budget::new(listeners::BUDGET_BYTES),
            counters: Arc::new(Counters::default()),
            control_ids: ControlIds::default(),
            mapped,
        }))
    }

    fn forward(&self, rules: Rules) {
        let Rules {
            translator,
            shapers,
            policies,
            ..
        } = rules;
        let consents = self.store.store().consents();
        let digester = self.store.store().digester().clone();
        let keys = Arc::clone(&self.keys);
        let release = ReleaseStage {
            policies,
            shapers,
            consents,
            keys,
            digester,
        };
        let forward = ForwardLoop {
            backlog: self.store.backlog() as Arc<dyn Backlog>,
            journal: self.store.journal() as Arc<dyn Journal>,
            queue: Arc::clone(&self.queue),
            translator,
            release,
            clock: Arc::clone(&self.clock),
            executor: Arc::clone(&self.executor),
        };
        let alarm = LoopAlarm::new("translation", &self.ended);
        let task = async move {
            match forward.run().await {
                JournalError::Closed => alarm.disarm(),
                error @ (JournalError::Full | JournalError::Failed(_) | JournalError::Keys(_)) => {
                    alarm.raise(&error);
                }
            }
        };
        self.executor.spawn("forward", Box::pin(task));
    }

    fn deliver(
        &self,
        file: &ConfigFile,
        config: &DestinationConfig,
        policies: &Arc<PolicySet>,
    ) -> Result<(), Failure> {
        let DestinationConfig::NdjsonFolder(folder) = config;
        let recipient = RecipientId::new(&folder.recipient);
        let path = file.path(&folder.folder);
        let opened = AppendFolder::open(&path).map_err(|error| {
            Failure::Usage(format!("{} cannot be made: {error}", path.display()))
        })?;
        let runner = Runner::new(recipient.clone(), Box::new(NdjsonFolder), opened);
        let deliver = DeliverLoop {
            queue: Arc::clone(&self.queue),
            destination: Arc::new(runner) as Arc<dyn Destination>,
            keys: Arc::clone(&self.keys),
            policies: Arc::clone(policies),
            consents: self.store.store().consents(),
            schedule: RetrySchedule::default(),
            clock: Arc::clone(&self.clock),
            executor: Arc::clone(&self.executor),
        };
        let alarm = LoopAlarm::new(&format!("delivery to {recipient}"), &self.ended);
        let task = async move { alarm.raise(&deliver.run().await) };
        self.executor.spawn("deliver", Box::pin(task));
        Ok(())
    }
}

/// Tells the supervisor that a loop ended, in whatever way: the gateway must not go on
/// acknowledging while nothing is translated or delivered.
struct LoopAlarm {
    what: String,
    ended: mpsc::Sender<String>,
    armed: bool,
}

impl LoopAlarm {
    fn new(what: &str, ended: &mpsc::Sender<String>) -> Self {
        Self {
            what: what.to_owned(),
            ended: ended.clone(),
            armed: true,
        }
    }

    /// The loop ended because the gateway does.
    fn disarm(mut self) {
        self.armed = false;
    }

    fn raise(mut self, why: &dyn std::fmt::Display) {
        self.armed = false;
        self.tell(&format!("{} cannot go on: {why}", self.what));
    }

    fn tell(&self, text: &str) {
        // A full channel holds the first reason already, which is the one that counts.
        let _full = self.ended.try_send(text.to_owned());
    }
}

impl Drop for LoopAlarm {
    fn drop(&mut self) {
        if self.armed && std::thread::panicking() {
            self.tell(&format!("{} ended unexpectedly", self.what));
        }
    }
}
