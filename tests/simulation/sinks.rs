//! The recipients: each record fares as the seed says, and what they do with it may happen although
//! nobody hears of it. How the gateway answers that is the pipeline's business.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope, Takes};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId, Sequence};
use tokio::sync::oneshot;

use crate::facts::{Invariant, Sighting};
use crate::machine::{Group, WORLD};
use crate::messages::RecordName;
use crate::site::{FLOWS, FlowPlan, takes_runs};
use crate::world::World;

/// How long after a crash bytes that were on their way still take effect; less than a restart
/// takes.
const AFTERMATH: Duration = Duration::from_millis(20);
/// How long the gateway waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A recipient's door, as one run of the gateway sees it.
pub(crate) struct Door {
    world: Arc<World>,
    recipient: RecipientId,
    group: Group,
    closed_until: Mutex<Duration>,
}

/// A record on the wire.
#[derive(Debug, Clone)]
struct Wired {
    flow: FlowPlan,
    id: DeliveryId,
    record: RecordName,
    sequence: Sequence,
}

/// How a record fares.
#[derive(Debug, Clone)]
struct Fate {
    has_effect: bool,
    outcome: DeliveryOutcome,
}

impl Door {
    pub(crate) fn new(world: &Arc<World>, recipient: RecipientId, group: Group) -> Self {
        Self {
            world: Arc::clone(world),
            recipient,
            group,
            closed_until: Mutex::default(),
        }
    }

    fn is_closed(&self) -> bool {
        *self.closed_until.lock().unwrap() > self.world.machine.passed()
    }

    async fn wait_until_open(&self) -> usize {
        loop {
            let until = *self.closed_until.lock().unwrap();
            let now = self.world.machine.passed();
            if until <= now {
                let free = self.world.machine.below(4);
                return usize::try_from(free).unwrap() + 1;
            }
            self.world.machine.pause(until.saturating_sub(now)).await;
        }
    }

    /// What is on the wire of a batch; a record that cannot be read is no record of ours.
    fn wired(&self, batch: &[Outbound]) -> Vec<Wired> {
        let mut facts = self.world.facts();
        let wire = |outbound: &Outbound| {
            let grant = outbound.disclosure.grant();
            let flow = FLOWS.iter().find(|flow| flow.id == grant.flow.as_str());
            let record = RecordName::read(outbound.disclosure.content().reveal());
            let (Some(flow), Some(record)) = (flow, record) else {
                let how = "what left is no record".to_owned();
                facts.breach(Invariant::Duplicate, how);
                return None;
            };
            facts.leave(*flow, record);
            if outbound.attempt > 1 {
                self.world.weather.count("attempts again");
            }
            if outbound.recovered {
                self.world.weather.count("attempts after a restart");
            }
            Some(Wired {
                flow: *flow,
                id: outbound.id,
                record,
                sequence: outbound.sequence,
            })
        };
        batch.iter().filter_map(wire).collect()
    }

    async fn hand_over(&self, batch: Vec<Outbound>) -> Vec<DeliveryOutcome> {
        let World {
            machine, weather, ..
        } = &*self.world;
        if self.is_closed() || weather.strikes(machine, weather.failures, 20) {
            let outcome = DeliveryOutcome::NotTried {
                code: "left-alone".to_owned(),
            };
            return vec![outcome; batch.len()];
        }
        let wired = self.wired(&batch);
        weather.count_many("attempts", wired.len() as u64);
        let (reply, answered) = oneshot::channel();
        let wire = Wire {
            world: Arc::clone(&self.world),
            recipient: self.recipient.clone(),
            in_order: takes_runs(self.recipient.as_str()),
            group: self.group,
            wired,
        };
        self.world.on_wire.fetch_add(1, Ordering::SeqCst);
        machine.spawn_in(WORLD, "wire", Box::pin(wire.carry(reply)));
        let outcomes = answered.await.unwrap_or_default();
        let is_recipient = |outcome: &DeliveryOutcome| {
            matches!(outcome, DeliveryOutcome::Retry { scope, .. }
                if *scope == RetryScope::Recipient)
        };
        if outcomes.iter().any(is_recipient) {
            let pause = machine.some_time(Duration::from_secs(5));
            *self.closed_until.lock().unwrap() = machine.passed() + pause;
        }
        outcomes
    }
}

impl Destination for Door {
    fn recipient(&self) -> &RecipientId {
        &self.recipient
    }

    fn takes(&self) -> Takes {
        let consecutive = takes_runs(self.recipient.as_str());
        let limit = match self.recipient.as_str() {
            "mailer" => 1,
            "crm" => 3,
            _ => 6,
        };
        Takes {
            batch: Draw { limit, consecutive },
            at_once: 4,
        }
    }

    fn ready(&self) -> BoxFuture<'_, usize> {
        Box::pin(self.wait_until_open())
    }

    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>> {
        Box::pin(self.hand_over(batch))
    }
}

/// A request under way. It belongs to the world: what was sent may arrive after the gateway is
/// gone.
struct Wire {
    world: Arc<World>,
    recipient: RecipientId,
    in_order: bool,
    group: Group,
    wired: Vec<Wired>,
}

impl Wire {
    async fn carry(self, reply: oneshot::Sender<Vec<DeliveryOutcome>>) {
        let outcomes = self.fare().await;
        self.world.on_wire.fetch_sub(1, Ordering::SeqCst);
        // The gateway may be gone.
        let _gone = reply.send(outcomes);
    }

    async fn fare(&self) -> Vec<DeliveryOutcome> {
        let World {
            machine, weather, ..
        } = &*self.world;
        machine.while_passes(weather.latency).await;
        if self.is_cut() {
            return Vec::new();
        }
        if self.world.is_away(self.recipient.as_str()) {
            weather.count("attempts while away");
            let hangs = machine.chance(300);
            if hangs {
                machine.pause(PATIENCE).await;
            }
            let outcome = if hangs {
                unknown("timeout")
            } else {
                retry("connect", RetryScope::Recipient)
            };
            return vec![outcome; self.wired.len()];
        }
        let fates = self.fates();
        for (wired, fate) in self.wired.iter().zip(&fates) {
            if fate.has_effect {
                self.take_effect(wired);
            }
        }
        let is_slow = weather.strikes(machine, weather.lost_answers, 60);
        let longest = if is_slow { PATIENCE } else { weather.latency };
        machine.while_passes(longest).await;
        let mut outcomes: Vec<_> = fates.into_iter().map(|fate| fate.outcome).collect();
        if weather.strikes(machine, weather.lost_answers, 15) {
            weather.count("records unaccounted for");
            let kept = machine.below(outcomes.len() as u64 + 1);
            outcomes.truncate(usize::try_from(kept).unwrap());
        }
        outcomes
    }

    /// Whether the connection ended with its gateway too long ago.
    fn is_cut(&self) -> bool {
        let ended = self.world.ended_at(self.group);
        ended.is_some_and(|ended| self.world.machine.passed() > ended + AFTERMATH)
    }

    fn take_effect(&self, wired: &Wired) {
        let Wired {
            flow,
            id,
            record,
            sequence,
        } = wired.clone();
        let first = self.world.facts().arrive(Sighting {
            flow,
            id,
            record,
            sequence,
        });
        let machine = &self.world.machine;
        let of = [record.message.code(), record.patient.into(), short(&id)];
        if first {
            self.world.weather.count("records delivered");
            machine.note("arrived", &of);
        } else {
            self.world.weather.count("repeats dropped by the sink");
            machine.note("arrived-again", &of);
        }
    }

    /// How each record fares. Where order matters nothing is taken behind what was not.
    fn fates(&self) -> Vec<Fate> {
        let mut fates = Vec::new();
        let mut stopped = false;
        for _record in &self.wired {
            let fate = if stopped {
                let tells = self.world.machine.chance(500);
                Fate {
                    has_effect: false,
                    outcome: if tells {
                        DeliveryOutcome::NotTried {
                            code: "behind".to_owned(),
                        }
                    } else {
                        unknown("connection")
                    },
                }
            } else {
                self.fate()
            };
            stopped |= self.in_order && fate.outcome != DeliveryOutcome::Delivered;
            fates.push(fate);
        }
        fates
    }

    fn fate(&self) -> Fate {
        let World {
            machine, weather, ..
        } = &*self.world;
        if weather.strikes(machine, weather.lost_answers, weather.losing) {
            weather.count("answers lost");
            let has_effect = machine.chance(600);
            let outcome = unknown("connection");
            return Fate {
                has_effect,
                outcome,
            };
        }
        if weather.strikes(machine, weather.failures, weather.failing) {
            weather.count("failures of recipients");
            let scope = if machine.chance(200) {
                RetryScope::Recipient
            } else {
                RetryScope::Record
            };
            // Some say so although they took it.
            let has_effect = machine.chance(50);
            let outcome = retry("http-503", scope);
            return Fate {
                has_effect,
                outcome,
            };
        }
        if weather.strikes(machine, weather.refusals, weather.refusing) {
            weather.count("refusals of recipients");
            return Fate {
                has_effect: false,
                outcome: DeliveryOutcome::Refused {
                    code: "http-422".to_owned(),
                },
            };
        }
        Fate {
            has_effect: true,
            outcome: DeliveryOutcome::Delivered,
        }
    }
}

fn unknown(code: &str) -> DeliveryOutcome {
    DeliveryOutcome::Unknown {
        code: code.to_owned(),
    }
}

fn retry(code: &str, scope: RetryScope) -> DeliveryOutcome {
    DeliveryOutcome::Retry {
        scope,
        after: None,
        code: code.to_owned(),
    }
}

/// The first bytes of an id, for the trace.
pub(crate) fn short(id: &DeliveryId) -> u64 {
    let bytes = id.as_bytes().first_chunk::<8>();
    bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
