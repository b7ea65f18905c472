//! Joins the parts of a running gateway; the one file that knows them all by name. What each part
//! does is its own crate's business.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use isthmus_adapters::runner::Runner;
use isthmus_core::application_answers::OwedAnswers;
use isthmus_core::clock::Clock;
use isthmus_core::current::Current;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::destination::Destination;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::journal::{Backlog, Journal, JournalError};
use isthmus_core::key_ring::KeyRing;
use isthmus_core::ledger_rows::LedgerRows;
use isthmus_ingress::acknowledgement::ControlIds;
use isthmus_ingress::answer_loop::tell_senders;
use isthmus_ingress::answer_parts::AnswerParts;
use isthmus_ingress::application_acknowledgement::ApplicationAcknowledgements;
use isthmus_ingress::budget::{Budget, READING_BYTES};
use isthmus_ingress::counters::Counters;
use isthmus_ingress::open_connections::OpenConnections;
use isthmus_ingress::seams::Seams;
use isthmus_ingress::sender_lines::SenderLines;
use isthmus_ledger::checkpoint_loop::CheckpointLoop;
use isthmus_pipeline::before_sending::BeforeSending;
use isthmus_pipeline::deliver_loop::DeliverLoop;
use isthmus_pipeline::forward_loop::ForwardLoop;
use isthmus_pipeline::journal_intake::JournalIntake;
use isthmus_pipeline::rebuild_stage::RebuildStage;
use isthmus_pipeline::release_stage::ReleaseStage;
use isthmus_pipeline::rules_in_force::RulesInForce;
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
use crate::in_force::{self, InForce};
use crate::listeners;
use crate::loop_alarm::LoopAlarm;
use crate::rabbitmq_parts::Brokered;
use crate::reload::{self, Reload};
use crate::reload_answer::ReloadAnswer;
use crate::rules::Rules;
use crate::system::{SystemClock, TokioExecutor};

/// How often the ledger is signed at most.
const SIGN_EVERY: Duration = Duration::from_secs(1);

/// What every part is given.
pub(crate) struct Parts {
    pub(crate) store: Arc<RunningStore>,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
    keys: Arc<dyn KeyRing>,
    queue: Arc<dyn DeliveryQueue>,
    /// What carries the deliveries, if it is not the store.
    pub(crate) brokered: Option<Brokered>,
    release: Arc<ReleaseStage>,
    pub(crate) rules: Arc<Current<RulesInForce>>,
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

impl Parts {
    pub(crate) fn make(
        file: &ConfigFile,
        rules: &Rules,
        ended: mpsc::Sender<String>,
        stopping: watch::Receiver<bool>,
        working: mpsc::Sender<()>,
    ) -> Result<Self, Failure> {
        let master = file.master_key()?;
        let options = StoreOptions {
            paths: file.store_paths(),
            size_limit: file.config.store.size_limit(),
        };
        let store = RunningStore::start(&options, &master).map_err(Failure::run)?;
        let size = std::fs::metadata(options.paths.database()).map_or(0, |file| file.len());
        if options.size_limit.is_some_and(|limit| size >= limit) {
            tracing::warn!("the database is as large as `size_max_mb` allows; senders are told AE");
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let executor: Arc<dyn Executor> = Arc::new(TokioExecutor::new());
        let queue = store.queue(Arc::clone(&clock), Arc::clone(&executor));
        let queue: Arc<dyn DeliveryQueue> = Arc::new(queue.map_err(Failure::run)?);
        let (queue, brokered) = match file.config.store.queue {
            QueueKind::Embedded => (queue, None),
            QueueKind::RabbitMq => {
                let brokered = Brokered::over(file, &store.store().name(), queue, &executor)?;
                let queue = Arc::clone(&brokered.queue) as Arc<dyn DeliveryQueue>;
                (queue, Some(brokered))
            }
        };
        let keys: Arc<dyn KeyRing> = store.store().keys();
        let release = ReleaseStage {
            shaping: Shaping {
                consents: store.store().consents(),
                keys: Arc::clone(&keys),
                digester: store.store().digester().clone(),
                names: Arc::default(),
            },
        };
        Ok(Self {
            queue,
            brokered,
            store: Arc::new(store),
            clock,
            executor,
            keys,
            release: Arc::new(release),
            rules: Arc::new(Current::new(in_force::deciding(rules))),
            ended,
            stopping,
            working,
        })
    }

    pub(crate) fn seams(&self, file: &ConfigFile, rules: &Rules) -> Result<Arc<Seams>, Failure> {
        let budget = Budget::new(file.config.limits.message_bytes());
        Ok(Arc::new(Seams {
            terms: Arc::new(Current::new(listeners::terms(
                file,
                rules,
                self.clock.now(),
            )?)),
            intake: Arc::new(JournalIntake::new(self.store.journal())),
            digester: self.store.store().digester().clone(),
            clock: Arc::clone(&self.clock),
            executor: Arc::clone(&self.executor),
            large: budget.for_large(),
            budget,
            reading: Budget::new(READING_BYTES),
            counters: Arc::new(Counters::default()),
            connections: OpenConnections::default(),
            control_ids: ControlIds::default(),
        }))
    }

    /// Warns of certificates that end soon.
    pub(crate) fn warn_daily(&self, reload: &Arc<Mutex<Reload>>) {
        let (clock, executor) = (Arc::clone(&self.clock), Arc::clone(&self.executor));
        let task = reload::warn_daily(Arc::clone(reload), clock, executor);
        self.executor.spawn("certificates", Box::pin(task));
    }

    /// What reloads, and where it tells how that ended.
    pub(crate) fn reload(
        &self,
        file: &ConfigFile,
        in_force: InForce,
    ) -> (Arc<Mutex<Reload>>, mpsc::Receiver<ReloadAnswer>) {
        let (told, reloads) = mpsc::channel(16);
        let reload = Reload {
            file: file.clone(),
            in_force,
            told,
            clock: Arc::clone(&self.clock),
            executor: Arc::clone(&self.executor),
        };
        (Arc::new(Mutex::new(reload)), reloads)
    }

    /// Signs the ledger whenever it has grown.
    pub(crate) fn sign(
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
    pub(crate) fn answer(
        &self,
        file: &ConfigFile,
        reload: &Arc<Mutex<Reload>>,
    ) -> Result<(), Failure> {
        let path = file.admin_socket();
        let socket = AdminSocket::bind(&path).map_err(|error| {
            Failure::Usage(format!(
                "the admin socket {} cannot be made: {error}; name another with `socket` in \
                 [admin]",
                path.display()
            ))
        })?;
        let senders = {
            let reload = reload.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&reload.in_force.senders)
        };
        let desk = Desk {
            access: Access::Running(Arc::clone(&self.store)),
            queue: Some(Arc::clone(&self.queue)),
            rules: Some(Arc::clone(&self.rules)),
            senders,
            reload: Some(Arc::clone(reload)),
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

    pub(crate) fn forward(&self, seams: &Arc<Seams>) {
        let forward = ForwardLoop {
            backlog: self.store.backlog() as Arc<dyn Backlog>,
            journal: self.store.journal() as Arc<dyn Journal>,
            queue: Arc::clone(&self.queue),
            rules: Arc::clone(&self.rules),
            release: Arc::clone(&self.release),
            answers: Arc::new(ApplicationAcknowledgements::new(Arc::clone(seams))),
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

    /// Tells senders what they are owed.
    pub(crate) fn tell_senders(&self, seams: &Arc<Seams>) {
        let answers = AnswerParts {
            owed: self.store.owed_answers() as Arc<dyn OwedAnswers>,
            journal: self.store.journal() as Arc<dyn Journal>,
            ways: Arc::new(SenderLines::new(Arc::clone(seams))),
            counters: Arc::clone(&seams.counters),
            clock: Arc::clone(&self.clock),
            executor: Arc::clone(&self.executor),
        };
        let alarm = LoopAlarm::new("application acknowledgements", &self.ended);
        let (stopping, working) = (self.told_to_stop(), self.working.clone());
        let task = async move {
            match tell_senders(answers, stopping).await {
                Ok(()) | Err(JournalError::Closed) => alarm.disarm(),
                Err(error) => alarm.raise(&error),
            }
            drop(working);
        };
        self.executor.spawn("answers", Box::pin(task));
    }

    pub(crate) fn deliver(
        &self,
        file: &ConfigFile,
        stated: &Spanned<DestinationConfig>,
    ) -> Result<Arc<Runner>, Failure> {
        let Door {
            destination,
            schedule,
        } = destinations::open(file, stated, &self.clock, &self.executor)?;
        let recipient = destination.recipient().clone();
        let rebuild = RebuildStage {
            backlog: self.store.backlog() as Arc<dyn Backlog>,
            release: Arc::clone(&self.release),
        };
        let deliver = DeliverLoop {
            queue: Arc::clone(&self.queue),
            destination: Arc::clone(&destination) as Arc<dyn Destination>,
            before_sending: BeforeSending {
                keys: Arc::clone(&self.keys),
                rules: Arc::clone(&self.rules),
                consents: self.store.store().consents(),
                rebuild: Arc::new(rebuild),
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
        Ok(destination)
    }
}
