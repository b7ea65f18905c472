//! Joins the parts of a running gateway; the one file that knows them all by name. What each part
//! does is its own crate's business.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::journal::{Backlog, Journal, JournalError};
use isthmus_core::key_ring::KeyRing;
use isthmus_core::ledger_rows::LedgerRows;
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::translator::Translator;
use isthmus_ingress::acknowledgement::ControlIds;
use isthmus_ingress::budget::Budget;
use isthmus_ingress::counters::Counters;
use isthmus_ingress::mllp_listener::MllpListener;
use isthmus_ingress::seams::{Mapped, Seams};
use isthmus_ledger::checkpoint_loop::CheckpointLoop;
use isthmus_mappings::message_translator::MessageTranslator;
use isthmus_pipeline::before_sending::BeforeSending;
use isthmus_pipeline::deliver_loop::DeliverLoop;
use isthmus_pipeline::forward_loop::ForwardLoop;
use isthmus_pipeline::journal_intake::JournalIntake;
use isthmus_pipeline::rebuild_stage::RebuildStage;
use isthmus_pipeline::release_stage::ReleaseStage;
use isthmus_pipeline::shaping::Shaping;
use isthmus_store::running_store::{RunningStore, StoreOptions};
use tokio::sync::{mpsc, oneshot, watch};
use toml::Spanned;

use crate::admin::access::Access;
use crate::admin::desk::Desk;
use crate::admin::socket::AdminSocket;
use crate::config::{DestinationConfig, QueueKind};
use crate::config_file::ConfigFile;
use crate::destinations::{self, Door};
use crate::failure::Failure;
use crate::listeners;
use crate::loop_alarm::LoopAlarm;
use crate::rules::Rules;
use crate::system::{SystemClock, TokioExecutor};

/// How often the ledger is signed at most.
const SIGN_EVERY: Duration = Duration::from_secs(1);

/// How long a stop waits for hand-overs to end and be settled. What has not ended by then is
/// repeated under its id after the next start.
const DRAIN_MAX: Duration = Duration::from_secs(5);

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
    /// Ends when the last worker has.
    workers: mpsc::Receiver<()>,
    sign_last: watch::Sender<bool>,
    signed: oneshot::Receiver<()>,
    loops: mpsc::Receiver<String>,
}

/// What every part is given.
struct Parts {
    store: Arc<RunningStore>,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
    keys: Arc<dyn KeyRing>,
    queue: Arc<dyn DeliveryQueue>,
    release: Arc<ReleaseStage>,
    translator: Arc<MessageTranslator>,
    policies: Arc<PolicySet>,
    ended: mpsc::Sender<String>,
    stopping: watch::Receiver<bool>,
    /// Held by every worker.
    working: mpsc::Sender<()>,
}

/// Half of the machine translates; the other half takes in, commits and delivers.
fn translating_threads() -> usize {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (threads / 2).max(1)
}

impl RunningGateway {
    /// Opens the store, starts the loops, and opens the ports last.
    pub(crate) fn start(file: &ConfigFile, rules: Rules) -> Result<Self, Failure> {
        let (ended, loops) = mpsc::channel(16);
        let library = Arc::clone(&rules.library);
        let (stop, stopping) = watch::channel(false);
        let (working, workers) = mpsc::channel(1);
        let parts = Parts::make(file, rules, ended, stopping.clone(), working)?;
        let (sign_last, last) = watch::channel(false);
        let signed = parts.sign(file, last)?;
        parts.answer(file)?;
        for destination in &file.config.destinations {
            parts.deliver(file, destination)?;
        }
        if file.config.store.forward {
            parts.forward();
        }
        let mut running = tokio::task::JoinSet::new();
        let mut listening = Vec::new();
        let mapped: Arc<Mapped> =
            Arc::new(move |code, event| library.for_event(code, event).is_some());
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
            workers,
            sign_last,
            signed,
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

    /// Closes the ports and answers what came in whole; settles what is being handed over, signs
    /// the ledger, and commits what waits.
    pub(crate) async fn stop(mut self) {
        // Nobody listens any more when every listener has ended already.
        let _ended = self.stop.send(true);
        while self.listeners.join_next().await.is_some() {}
        if tokio::time::timeout(DRAIN_MAX, self.workers.recv())
            .await
            .is_err()
        {
            tracing::warn!(
                "hand-overs are still under way, they are repeated after the next start"
            );
        }
        // The task that signs may have ended by itself.
        let _ended = self.sign_last.send(true);
        let _ended = self.signed.await;
        let store = self.store;
        drop(tokio::task::spawn_blocking(move || store.close()).await);
    }
}

impl Parts {
    fn make(
        file: &ConfigFile,
        rules: Rules,
        ended: mpsc::Sender<String>,
        stopping: watch::Receiver<bool>,
        working: mpsc::Sender<()>,
    ) -> Result<Self, Failure> {
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
        let keys: Arc<dyn KeyRing> = store.store().keys();
        let Rules {
            translator,
            shapers,
            policies,
            ..
        } = rules;
        let release = ReleaseStage {
            policies: Arc::clone(&policies),
            shaping: Shaping {
                shapers,
                consents: store.store().consents(),
                keys: Arc::clone(&keys),
                digester: store.store().digester().clone(),
                names: Arc::default(),
            },
        };
        Ok(Self {
            queue: Arc::new(queue.map_err(Failure::run)?),
            store: Arc::new(store),
            clock,
            executor,
            keys,
            release: Arc::new(release),
            translator,
            policies,
            ended,
            stopping,
            working,
        })
    }

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

    /// Signs the ledger whenever it has grown.
    fn sign(
        &self,
        file: &ConfigFile,
        mut stopping: watch::Receiver<bool>,
    ) -> Result<oneshot::Receiver<()>, Failure> {
        let mut signing = CheckpointLoop::new(
            self.store.ledger() as Arc<dyn LedgerRows>,
            self.store.journal() as Arc<dyn Journal>,
            Arc::clone(&self.executor),
            file.ledger_key(&self.store.store().name())?,
            SIGN_EVERY,
        );
        let alarm = LoopAlarm::new("signing the ledger", &self.ended);
        let task = async move {
            tokio::select! {
                error = signing.run() => return alarm.raise(&error),
                _told = stopping.wait_for(|stopping| *stopping) => {}
            }
            alarm.disarm();
            if let Err(error) = signing.sign_now().await {
                tracing::warn!(%error, "the end of the ledger is not signed yet");
            }
        };
        let (ended, end) = oneshot::channel();
        self.executor.spawn(
            "sign",
            Box::pin(async move {
                task.await;
                // Nobody waits when the gateway ended by itself.
                let _nobody = ended.send(());
            }),
        );
        Ok(end)
    }

    /// Answers operators at the admin socket.
    fn answer(&self, file: &ConfigFile) -> Result<(), Failure> {
        let path = file.admin_socket();
        let socket = AdminSocket::bind(&path).map_err(|error| {
            Failure::Usage(format!(
                "the admin socket {} cannot be made: {error}; name another with `socket` in \
                 [admin]",
                path.display()
            ))
        })?;
        let senders = file.config.senders.iter();
        let desk = Desk {
            access: Access::Running(Arc::clone(&self.store)),
            queue: Some(Arc::clone(&self.queue)),
            policies: Some(Arc::clone(&self.policies)),
            senders: senders.map(|one| one.get_ref().id.clone()).collect(),
            clock: Arc::clone(&self.clock),
            executor: Arc::clone(&self.executor),
        };
        let task = socket.run(Arc::new(desk), Arc::clone(&self.executor));
        self.executor.spawn("admin-socket", Box::pin(task));
        Ok(())
    }

    /// Completes when the gateway stops.
    fn told_to_stop(&self) -> BoxFuture<'static, ()> {
        let mut stopping = self.stopping.clone();
        Box::pin(async move {
            // A gateway that is gone stops too.
            let _gone = stopping.wait_for(|stopping| *stopping).await;
        })
    }

    fn forward(&self) {
        let forward = ForwardLoop {
            backlog: self.store.backlog() as Arc<dyn Backlog>,
            journal: self.store.journal() as Arc<dyn Journal>,
            queue: Arc::clone(&self.queue),
            translator: Arc::clone(&self.translator) as Arc<dyn Translator>,
            release: Arc::clone(&self.release),
            threads: translating_threads(),
            clock: Arc::clone(&self.clock),
            executor: Arc::clone(&self.executor),
        };
        let alarm = LoopAlarm::new("translation", &self.ended);
        let (stopping, working) = (self.told_to_stop(), self.working.clone());
        let task = async move {
            match forward.run(stopping).await {
                Ok(()) | Err(JournalError::Closed) => alarm.disarm(),
                Err(
                    error @ (JournalError::Full | JournalError::Failed(_) | JournalError::Keys(_)),
                ) => alarm.raise(&error),
            }
            drop(working);
        };
        self.executor.spawn("forward", Box::pin(task));
    }

    fn deliver(
        &self,
        file: &ConfigFile,
        stated: &Spanned<DestinationConfig>,
    ) -> Result<(), Failure> {
        let Door {
            destination,
            schedule,
        } = destinations::open(file, stated, &self.clock, &self.executor)?;
        let recipient = destination.recipient().clone();
        let rebuild = RebuildStage {
            backlog: self.store.backlog() as Arc<dyn Backlog>,
            translator: Arc::clone(&self.translator) as Arc<dyn Translator>,
            release: Arc::clone(&self.release),
        };
        let deliver = DeliverLoop {
            queue: Arc::clone(&self.queue),
            destination,
            before_sending: BeforeSending {
                keys: Arc::clone(&self.keys),
                policies: Arc::clone(&self.policies),
                consents: self.store.store().consents(),
                rebuild: Arc::new(rebuild),
                names: Arc::clone(&self.release.shaping.names),
            },
            schedule,
            clock: Arc::clone(&self.clock),
            executor: Arc::clone(&self.executor),
        };
        let alarm = LoopAlarm::new(&format!("delivery to {recipient}"), &self.ended);
        let (stopping, working) = (self.told_to_stop(), self.working.clone());
        let task = async move {
            match deliver.run(stopping).await {
                Ok(()) => alarm.disarm(),
                Err(error) => alarm.raise(&error),
            }
            drop(working);
        };
        self.executor.spawn("deliver", Box::pin(task));
        Ok(())
    }
}
