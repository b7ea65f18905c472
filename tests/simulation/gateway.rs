//! The gateway of a run: the product's intake and loops over simulated seams, its start and its
//! end. When it ends is decided in `faults`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_core::application_answers::OwedAnswers;
use isthmus_core::clock::Clock;
use isthmus_core::consent_store::{ConsentChoice, ConsentStore};
use isthmus_core::current::Current;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::destination::Destination;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::RecipientId;
use isthmus_core::journal::{Backlog, Journal};
use isthmus_core::key_ring::KeyRing;
use isthmus_core::subject::Digester;
use isthmus_ingress::answer_loop::tell_senders;
use isthmus_ingress::answer_parts::AnswerParts;
use isthmus_ingress::answer_ways::AnswerWays;
use isthmus_pipeline::before_sending::BeforeSending;
use isthmus_pipeline::deliver_loop::DeliverLoop;
use isthmus_pipeline::forward_loop::ForwardLoop;
use isthmus_pipeline::journal_intake::JournalIntake;
use isthmus_pipeline::rebuild_stage::RebuildStage;
use isthmus_pipeline::release_stage::ReleaseStage;
use isthmus_pipeline::retry_schedule::RetrySchedule;
use isthmus_pipeline::rules_in_force::RulesInForce;
use isthmus_pipeline::shaping::Shaping;
use isthmus_queue::broker::Broker;
use isthmus_queue::brokered_queue::BrokeredQueue;

use crate::broker::Connection;
use crate::consents::Consents;
use crate::ears::{Clerk, Ears};
use crate::embedded::Embedded;
use crate::facts::Invariant;
use crate::machine::{Process, WORLD};
use crate::plan::{Planted, QueueKind};
use crate::planted::{Forgetful, Hasty, MarkingBroker, OldConsents, WrongDoor};
use crate::planted_answers::{DeafWays, Mute};
use crate::sinks::Door;
use crate::site::{CATEGORY, Keys, SECRET, recipients, rules};
use crate::store::Store;
use crate::world::{Running, Stop, World};

/// The shortest time from an end to the next start.
const REST: Duration = Duration::from_millis(50);
/// How long a stop waits for what is under way.
const DRAIN: Duration = Duration::from_secs(10);

/// What the loops of one run are made of.
struct Parts {
    world: Arc<World>,
    process: Arc<Process>,
    store: Arc<Store>,
    journal: Arc<dyn Journal>,
    queue: Arc<dyn DeliveryQueue>,
    rules: Arc<Current<RulesInForce>>,
    release: Arc<ReleaseStage>,
    consents: Arc<dyn ConsentStore>,
    keys: Arc<dyn KeyRing>,
    stop: Arc<Stop>,
}

/// Starts the gateway on what the disk kept.
pub(crate) fn start(world: &Arc<World>) {
    let group = world.next_group();
    world.machine.note("start", &[group.0]);
    let stop = Arc::new(Stop::default());
    let parts = Parts::make(world, Arc::clone(&stop));
    let running = Arc::new(Running {
        group,
        process: Arc::clone(&parts.process),
        rules: Arc::clone(&parts.rules),
        store: Arc::clone(&parts.store),
        queue: Arc::clone(&parts.queue),
        intake: Arc::new(JournalIntake::new(Arc::clone(&parts.journal))),
        stop,
        loops: AtomicU64::new(0),
    });
    for recipient in recipients() {
        parts.deliver(&running, recipient);
    }
    parts.forward(&running);
    parts.tell_senders(&running);
    world.set_running(running);
}

impl Parts {
    fn make(world: &Arc<World>, stop: Arc<Stop>) -> Self {
        let machine = &world.machine;
        let group = world.next_group();
        let process = Arc::new(Process {
            machine: Arc::clone(machine),
            group,
        });
        let store = Store::start(machine, &world.disk, group, world.weather.sync);
        let planted = world.plan.planted;
        let journal: Arc<dyn Journal> = if planted == Some(Planted::AckBeforeSync) {
            Arc::new(Hasty {
                journal: Arc::clone(&store) as _,
                process: Arc::clone(&process),
            })
        } else if planted == Some(Planted::OutcomeWithoutAnswer) {
            Arc::new(Mute {
                journal: Arc::clone(&store) as _,
            })
        } else {
            Arc::clone(&store) as _
        };
        let mut consents: Arc<dyn ConsentStore> = Arc::new(Consents {
            machine: Arc::clone(machine),
            weather: Arc::clone(&world.weather),
            disk: Arc::clone(&world.disk),
        });
        if planted == Some(Planted::OldConsents) {
            let remembered = Mutex::default();
            consents = Arc::new(OldConsents {
                consents,
                remembered,
            });
        }
        let keys: Arc<dyn KeyRing> = Arc::new(Keys {
            machine: Arc::clone(machine),
            weather: Arc::clone(&world.weather),
        });
        let release = ReleaseStage {
            shaping: Shaping {
                consents: Arc::clone(&consents),
                keys: Arc::clone(&keys),
                digester: Digester::new(&SECRET),
                names: Arc::default(),
            },
        };
        Self {
            queue: queue(world, &store, &process),
            world: Arc::clone(world),
            process,
            store,
            journal,
            rules: Arc::new(Current::new(rules(world.rules_version()))),
            release: Arc::new(release),
            consents,
            keys,
            stop,
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.world.machine) as _
    }

    fn executor(&self) -> Arc<dyn Executor> {
        Arc::clone(&self.process) as _
    }

    fn told_to_stop(&self) -> BoxFuture<'static, ()> {
        let stop = Arc::clone(&self.stop);
        Box::pin(async move { stop.wait().await })
    }

    fn forward(&self, running: &Arc<Running>) {
        let forward = ForwardLoop {
            backlog: Arc::clone(&self.store) as Arc<dyn Backlog>,
            journal: Arc::clone(&self.journal),
            queue: Arc::clone(&self.queue),
            rules: Arc::clone(&self.rules),
            release: Arc::clone(&self.release),
            answers: Arc::new(Clerk {
                run: running.group,
                count: AtomicU64::new(0),
            }),
            threads: 1,
            clock: self.clock(),
            executor: self.executor(),
        };
        let stopping = self.told_to_stop();
        let task = async move { forward.run(stopping).await.map_err(|e| e.to_string()) };
        self.spawn("forward", running, task);
    }

    fn tell_senders(&self, running: &Arc<Running>) {
        let mut ways: Arc<dyn AnswerWays> = Arc::new(Ears {
            world: Arc::clone(&self.world),
        });
        if self.world.plan.planted == Some(Planted::UnheardMeansTold) {
            ways = Arc::new(DeafWays { ways });
        }
        let answers = AnswerParts {
            owed: Arc::clone(&self.store) as Arc<dyn OwedAnswers>,
            journal: Arc::clone(&self.journal),
            ways,
            counters: Arc::default(),
            clock: self.clock(),
            executor: self.executor(),
        };
        let stopping = self.told_to_stop();
        let task = async move {
            tell_senders(answers, stopping)
                .await
                .map_err(|e| e.to_string())
        };
        self.spawn("answers", running, task);
    }

    fn deliver(&self, running: &Arc<Running>, recipient: RecipientId) {
        let door = Door::new(&self.world, recipient, running.group);
        let mut destination: Arc<dyn Destination> = Arc::new(door);
        if let Some(planted @ (Planted::UnstableIds | Planted::LostMeansDelivered)) =
            self.world.plan.planted
        {
            destination = Arc::new(WrongDoor {
                door: destination,
                planted,
                run: u8::try_from(running.group.0 % 256).unwrap(),
            });
        }
        let rebuild = RebuildStage {
            backlog: Arc::clone(&self.store) as Arc<dyn Backlog>,
            release: Arc::clone(&self.release),
        };
        let deliver = DeliverLoop {
            queue: Arc::clone(&self.queue),
            destination,
            before_sending: BeforeSending {
                keys: Arc::clone(&self.keys),
                rules: Arc::clone(&self.rules),
                consents: Arc::clone(&self.consents),
                rebuild: Arc::new(rebuild),
            },
            schedule: RetrySchedule {
                longest: Duration::from_mins(2),
                ..RetrySchedule::default()
            },
            clock: self.clock(),
            executor: self.executor(),
        };
        let stopping = self.told_to_stop();
        let task = async move { deliver.run(stopping).await.map_err(|e| e.to_string()) };
        self.spawn("deliver", running, task);
    }

    /// Starts a loop. One that fails ends the process, as its alarm does; it may fail only when
    /// the store ended.
    fn spawn(
        &self,
        name: &'static str,
        running: &Arc<Running>,
        task: impl Future<Output = Result<(), String>> + Send + 'static,
    ) {
        running.loops.fetch_add(1, Ordering::SeqCst);
        let (running, world) = (Arc::clone(running), Arc::clone(&self.world));
        let task = async move {
            if let Err(error) = task.await {
                if !running.store.has_ended() {
                    let how = format!("{name} ended: {error}");
                    world.facts().breach(Invariant::Standstill, how);
                }
                world.machine.crash_soon(running.group);
            }
            running.loops.fetch_sub(1, Ordering::SeqCst);
        };
        self.process.spawn(name, Box::pin(task));
    }
}

fn queue(world: &Arc<World>, store: &Arc<Store>, process: &Arc<Process>) -> Arc<dyn DeliveryQueue> {
    let one_in_hand = world.plan.planted != Some(Planted::ManyInHand);
    let embedded = Embedded::new(
        store,
        Arc::clone(&world.machine) as _,
        Arc::clone(process) as _,
        recipients(),
        one_in_hand,
    );
    let mut queue: Arc<dyn DeliveryQueue> = Arc::new(embedded);
    if world.plan.queue == QueueKind::Embedded {
        return queue;
    }
    let mut broker: Arc<dyn Broker> = Arc::new(Connection(Arc::clone(&world.exchange)));
    if world.plan.planted == Some(Planted::PublishedMeansDone) {
        let marks = Arc::clone(&world.marks);
        queue = Arc::new(Forgetful { queue, marks });
        let marks = Arc::clone(&world.marks);
        broker = Arc::new(MarkingBroker { broker, marks });
    }
    Arc::new(BrokeredQueue::new(queue, broker, Arc::clone(process) as _))
}

/// The process is gone between two steps, and what was not synced with it.
pub(crate) fn crash(world: &Arc<World>) {
    world.weather.count("crashes");
    if let Some(running) = world.take_running() {
        end(world, &running);
    }
}

/// Stops the gateway: what is under way is settled first.
pub(crate) async fn stop(world: &Arc<World>) {
    let Some(running) = world.close() else {
        return;
    };
    world.weather.count("stops");
    world.machine.note("stop", &[running.group.0]);
    running.stop.tell();
    let begin = world.machine.passed();
    while running.loops.load(Ordering::SeqCst) > 0
        && world.machine.passed() < begin + DRAIN
        && world.ended_at(running.group).is_none()
    {
        world.machine.pause(Duration::from_millis(20)).await;
    }
    running.store.close();
    world.machine.pause(world.weather.sync * 4).await;
    if world.ended_at(running.group).is_none() {
        let _itself = world.take_running();
        end(world, &running);
    }
}

/// Ends a run, and starts the next one after a while.
fn end(world: &Arc<World>, running: &Running) {
    world.machine.note("end", &[running.group.0]);
    world.note_end(running.group);
    world.machine.kill(running.group);
    world.disk.crash();
    note_standing_words(world);
    let again = Arc::clone(world);
    let task = async move {
        let rest = REST + again.machine.some_time(Duration::from_secs(5));
        again.machine.pause(rest).await;
        start(&again);
    };
    world.machine.spawn_in(WORLD, "start", Box::pin(task));
}

/// With the process everything ended that was decided before a word was said.
fn note_standing_words(world: &World) {
    let tables = world.disk.tables();
    let mut facts = world.facts();
    for ((subject, category), words) in &tables.consents {
        let is_no = |word: &isthmus_core::consent_store::Consent| {
            category == CATEGORY && word.choice == ConsentChoice::OptOut
        };
        if words.last().is_some_and(is_no) {
            facts.withdrawn.insert(subject.as_bytes()[0]);
        }
    }
    let held = tables.holds.keys().map(|subject| subject.as_bytes()[0]);
    facts.held.extend(held);
}
