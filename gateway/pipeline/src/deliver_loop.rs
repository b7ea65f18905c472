//! The deliver loop of one recipient: draws what is due, opens it, hands it over and settles how
//! it fared; the order of a patient's deliveries is kept by the queue.

use std::sync::Arc;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, QueueError};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope};
use isthmus_core::executor::Executor;
use isthmus_core::id::DeliveryId;
use isthmus_core::journal::{Settlement, Step};
use isthmus_core::key_ring::KeyRing;
use isthmus_core::refusal::Reason;

use crate::retry_schedule::RetrySchedule;

/// The parts that the loop joins.
pub struct DeliverLoop {
    /// Where deliveries come from.
    pub queue: Arc<dyn DeliveryQueue>,
    /// Where they go.
    pub destination: Arc<dyn Destination>,
    /// The keys that open them.
    pub keys: Arc<dyn KeyRing>,
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
        let mut settlements = Vec::new();
        let mut attempts = Vec::new();
        let mut outbound = Vec::new();
        for delivery in drawn {
            let attempt = Attempt {
                id: delivery.id,
                number: delivery.attempt,
            };
            match self.open(&delivery) {
                Some(opened) => {
                    attempts.push(attempt);
                    outbound.push(opened);
                }
                None => {
                    settlements.push(self.settlement(attempt.id, Step::Park(Reason::Unopenable)));
                }
            }
        }
        let outcomes = self.destination.deliver(outbound).await;
        let now = self.clock.now();
        let mut given_back = Vec::new();
        for (attempt, outcome) in attempts.into_iter().zip(outcomes) {
            match step(self.schedule, now, attempt.number, outcome) {
                Some(step) => settlements.push(self.settlement(attempt.id, step)),
                None => given_back.push(attempt.id),
            }
        }
        if !settlements.is_empty() {
            self.queue.settle(recipient, settlements).await?;
        }
        if given_back.is_empty() {
            return Ok(true);
        }
        let waiting = given_back.len();
        tracing::warn!(%recipient, waiting, "the recipient is not there, waiting");
        self.queue.give_back(recipient, &given_back);
        Ok(false)
    }

    fn open(&self, delivery: &Delivery) -> Option<Outbound> {
        let key = self.keys.opening_key(delivery.sealed.key());
        let disclosure = key.and_then(|key| delivery.sealed.open(&key));
        let disclosure = disclosure
            .inspect_err(|error| tracing::error!(id = %delivery.id, %error, "delivery parked"))
            .ok()?;
        Some(Outbound {
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
