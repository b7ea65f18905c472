//! The deliver loop of one recipient: draws what is due, opens it, asks again whether it may leave,
//! hands it over and settles how it fared; the order of a patient's deliveries is kept by the
//! queue, and which answer has which consequence is told in `second_decision`.

use std::collections::BTreeSet;
use std::sync::Arc;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::consent_store::ConsentStore;
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, QueueError};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope};
use isthmus_core::executor::Executor;
use isthmus_core::id::DeliveryId;
use isthmus_core::journal::{Settlement, Step};
use isthmus_core::key_ring::{KeyError, KeyRing};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::refusal::Reason;

use crate::retry_schedule::RetrySchedule;
use crate::second_decision::{Ruling, decide};

/// The parts that the loop joins.
pub struct DeliverLoop {
    /// Where deliveries come from.
    pub queue: Arc<dyn DeliveryQueue>,
    /// Where they go.
    pub destination: Arc<dyn Destination>,
    /// The keys that open them.
    pub keys: Arc<dyn KeyRing>,
    /// The policies in force, asked again right before the bytes leave.
    pub policies: Arc<PolicySet>,
    /// What patients allow now.
    pub consents: Arc<dyn ConsentStore>,
    /// When to try again.
    pub schedule: RetrySchedule,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Timers.
    pub executor: Arc<dyn Executor>,
}

impl std::fmt::Debug for DeliverLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeliverLoop({})", self.destination.recipient())
    }
}

/// A delivery that was handed over, and what settling it needs.
struct Attempt {
    id: DeliveryId,
    number: u32,
}

/// A batch after the second decision.
#[derive(Default)]
struct Sorted {
    /// One for each of `outbound`, in order.
    attempts: Vec<Attempt>,
    outbound: Vec<Outbound>,
    /// What is not sent and does not come again by itself.
    settlements: Vec<Settlement>,
    /// What is not sent now.
    given_back: Vec<DeliveryId>,
    /// Keys or consents could not be read.
    waits: bool,
}

impl DeliverLoop {
    /// Runs until the queue fails; returns why.
    pub async fn run(self) -> QueueError {
        let mut failures = 0;
        loop {
            match self.batch().await {
                Ok(true) => failures = 0,
                Ok(false) => {
                    failures += 1;
                    self.executor.sleep(self.schedule.wait(failures)).await;
                }
                Err(error) => return error,
            }
        }
    }

    /// Delivers one batch. False: the recipient as a whole has to wait.
    async fn batch(&self) -> Result<bool, QueueError> {
        let recipient = self.destination.recipient();
        let drawn = self.queue.next(recipient, self.destination.batch()).await?;
        let Sorted {
            attempts,
            outbound,
            mut settlements,
            mut given_back,
            mut waits,
        } = self.sort(&drawn);
        if waits {
            tracing::warn!(%recipient, "keys or consents cannot be read, waiting");
        }
        let outcomes = if outbound.is_empty() {
            Vec::new()
        } else {
            self.destination.deliver(outbound).await
        };
        let now = self.clock.now();
        let mut absent: usize = 0;
        for (attempt, outcome) in attempts.into_iter().zip(outcomes) {
            if let Some(step) = step(self.schedule, now, attempt.number, outcome) {
                settlements.push(self.settlement(attempt.id, step));
            } else {
                given_back.push(attempt.id);
                absent += 1;
            }
        }
        if absent > 0 {
            tracing::warn!(%recipient, waiting = absent, "the recipient is not there, waiting");
            waits = true;
        }
        if !settlements.is_empty() {
            self.queue.settle(recipient, settlements).await?;
        }
        if !given_back.is_empty() {
            self.queue.give_back(recipient, &given_back);
        }
        Ok(!waits)
    }

    /// Takes the second decision on what was drawn. Behind a delivery that stays, nothing of its
    /// patient is sent. Everything is opened first, so that nothing lies between the decision
    /// and the sending.
    fn sort(&self, drawn: &[Delivery]) -> Sorted {
        let opened: Vec<_> = drawn.iter().map(|delivery| self.open(delivery)).collect();
        let mut sorted = Sorted::default();
        let mut held = BTreeSet::new();
        for (delivery, opened) in drawn.iter().zip(opened) {
            let id = delivery.id;
            if held.contains(&delivery.subject) {
                sorted.given_back.push(id);
                continue;
            }
            match decide(self.permitted(delivery), opened) {
                Ruling::Send(outbound) => {
                    let number = delivery.attempt;
                    sorted.attempts.push(Attempt { id, number });
                    sorted.outbound.push(outbound);
                }
                Ruling::Settle(step) => {
                    tracing::warn!(%id, ?step, "not sent");
                    if !matches!(step, Step::Withheld(_)) {
                        held.insert(delivery.subject);
                    }
                    sorted.settlements.push(self.settlement(id, step));
                }
                Ruling::Wait => {
                    held.insert(delivery.subject);
                    sorted.given_back.push(id);
                    sorted.waits = true;
                }
            }
        }
        sorted
    }

    /// Whether the policies and the patient still allow it.
    fn permitted(&self, delivery: &Delivery) -> Result<(), &'static str> {
        self.policies.still_permits(
            delivery.sealed.grant(),
            &delivery.subject,
            self.consents.as_ref(),
            self.clock.now(),
        )
    }

    fn open(&self, delivery: &Delivery) -> Result<Outbound, KeyError> {
        let key = self.keys.opening_key(delivery.sealed.key());
        let disclosure = key
            .and_then(|key| delivery.sealed.open(&key))
            .inspect_err(|error| tracing::error!(id = %delivery.id, %error, "not opened"))?;
        Ok(Outbound {
            id: delivery.id,
            created_at: delivery.created_at,
            attempt: delivery.attempt,
            recovered: delivery.recovered,
            disclosure,
        })
    }

    fn settlement(&self, id: DeliveryId, step: Step) -> Settlement {
        Settlement {
            id,
            at: self.clock.now(),
            step,
        }
    }
}

/// What follows an attempt of this number that ended so. None: the delivery goes back untried,
/// because the recipient as a whole has to wait.
pub fn step(
    schedule: RetrySchedule,
    now: Timestamp,
    attempt: u32,
    outcome: DeliveryOutcome,
) -> Option<Step> {
    let again = |wait| {
        Some(Step::Retry {
            not_before: later(now, wait),
        })
    };
    match outcome {
        DeliveryOutcome::Delivered => Some(Step::Delivered),
        DeliveryOutcome::Retry {
            scope: RetryScope::Recipient,
            ..
        } => None,
        DeliveryOutcome::Retry {
            scope: RetryScope::Record,
            after,
        } => again(after.unwrap_or(schedule.wait(attempt))),
        // The id is the same at every attempt, so a repeat is harmless.
        DeliveryOutcome::Unknown => again(schedule.wait(attempt)),
        DeliveryOutcome::Refused { code } => {
            tracing::warn!(code, "delivery refused");
            Some(Step::Park(Reason::RefusedByDestination))
        }
    }
}

fn later(now: Timestamp, wait: std::time::Duration) -> Timestamp {
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_millis(now.unix_millis().saturating_add(wait))
}
