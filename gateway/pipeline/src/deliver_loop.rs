//! The deliver loop of one recipient: draws what is due, asks again whether it may leave, hands it
//! over and settles how it fared, many hand-overs at once; the order of a patient's deliveries is
//! kept by the queue, and what is asked before sending stands in `before_sending`.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw, QueueError};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, Takes};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::journal::{Settlement, Step};
use isthmus_core::refusal::Reason;

use crate::before_sending::{Attempt, BeforeSending, Cleared, Sorted};
use crate::retry_schedule::RetrySchedule;

/// The parts that the loop joins.
pub struct DeliverLoop {
    /// Where deliveries come from.
    pub queue: Arc<dyn DeliveryQueue>,
    /// Where they go.
    pub destination: Arc<dyn Destination>,
    /// What is asked right before the bytes leave.
    pub before_sending: BeforeSending,
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

/// A batch that was handed over, and how its records fared.
struct HandedOver {
    cleared: Vec<Cleared>,
    outcomes: Vec<DeliveryOutcome>,
}

/// What is under way.
#[derive(Default)]
struct UnderWay<'l> {
    drawing: Option<BoxFuture<'l, Result<Vec<Delivery>, QueueError>>>,
    hand_overs: FuturesUnordered<BoxFuture<'l, HandedOver>>,
    settling: FuturesUnordered<BoxFuture<'l, Result<(), QueueError>>>,
    /// None once it is so.
    stopping: Option<BoxFuture<'l, ()>>,
}

/// What happened next.
enum Event {
    Stopping,
    Drawn(Result<Vec<Delivery>, QueueError>),
    HandedOver(Vec<HandedOver>),
    Settled(Result<(), QueueError>),
}

impl UnderWay<'_> {
    /// The next that happens. What ended together is told together, so that it is settled in one
    /// durable unit.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        if let Some(stopping) = &mut self.stopping
            && Pin::new(stopping).poll(context).is_ready()
        {
            self.stopping = None;
            return Poll::Ready(Event::Stopping);
        }
        if let Poll::Ready(Some(settled)) = self.settling.poll_next_unpin(context) {
            return Poll::Ready(Event::Settled(settled));
        }
        let mut ended = Vec::new();
        while let Poll::Ready(Some(one)) = self.hand_overs.poll_next_unpin(context) {
            ended.push(one);
        }
        if !ended.is_empty() {
            return Poll::Ready(Event::HandedOver(ended));
        }
        if let Some(drawing) = &mut self.drawing
            && let Poll::Ready(drawn) = Pin::new(drawing).poll(context)
        {
            self.drawing = None;
            return Poll::Ready(Event::Drawn(drawn));
        }
        Poll::Pending
    }

    fn is_stopping(&self) -> bool {
        self.stopping.is_none()
    }

    fn is_empty(&self) -> bool {
        self.hand_overs.is_empty() && self.settling.is_empty()
    }
}

impl DeliverLoop {
    /// Runs until `stopping` completes; then nothing more is drawn, and what is under way is
    /// settled before this ends. Whoever does not wait for that leaves attempts without a word in
    /// the ledger, which are repeated under their ids.
    ///
    /// # Errors
    /// When the queue fails.
    pub async fn run(self, stopping: BoxFuture<'_, ()>) -> Result<(), QueueError> {
        let takes = self.takes();
        let mut under_way = UnderWay {
            stopping: Some(stopping),
            ..UnderWay::default()
        };
        let mut failures = 0;
        loop {
            if under_way.is_stopping() && under_way.is_empty() {
                return Ok(());
            }
            let free = takes.at_once.saturating_sub(under_way.hand_overs.len());
            if under_way.drawing.is_none() && free > 0 && !under_way.is_stopping() {
                let pause = (failures > 0).then(|| self.schedule.ceiling(failures));
                under_way.drawing = Some(Box::pin(self.draw(takes, free, pause)));
            }
            match poll_fn(|context| under_way.poll(context)).await {
                Event::Drawn(Err(error)) | Event::Settled(Err(error)) => return Err(error),
                // A draw that has not ended has drawn nothing.
                Event::Stopping => under_way.drawing = None,
                Event::Settled(Ok(())) => {}
                Event::Drawn(Ok(drawn)) => {
                    let waits = self.begin(&drawn, takes, &mut under_way);
                    failures = if waits { failures + 1 } else { 0 };
                }
                Event::HandedOver(ended) => {
                    let settlements = ended.into_iter().flat_map(|one| self.settle(one));
                    let settlements: Vec<_> = settlements.collect();
                    if !settlements.is_empty() {
                        under_way.settling.push(self.commit(settlements));
                    }
                }
            }
        }
    }

    /// A destination that takes runs of one patient's takes them one after the other.
    fn takes(&self) -> Takes {
        let takes = self.destination.takes();
        let at_once = if takes.batch.consecutive {
            1
        } else {
            takes.at_once
        };
        Takes {
            at_once: at_once.max(1),
            ..takes
        }
    }

    /// Waits until the destination takes deliveries and some are due. Between the two it may have
    /// closed again: then they go back, for what is drawn is decided upon and sent at once.
    async fn draw(
        &self,
        takes: Takes,
        free: usize,
        pause: Option<Duration>,
    ) -> Result<Vec<Delivery>, QueueError> {
        let recipient = self.destination.recipient();
        if let Some(pause) = pause {
            self.executor.sleep(pause).await;
        }
        loop {
            let ready = self.destination.ready().await;
            let draw = Draw {
                limit: takes.batch.limit.saturating_mul(ready.clamp(1, free)),
                ..takes.batch
            };
            let drawn = self.queue.next(recipient, draw).await?;
            if self.destination.ready().now_or_never().is_some() {
                return Ok(drawn);
            }
            let ids: Vec<_> = drawn.iter().map(|delivery| delivery.id).collect();
            self.queue.give_back(recipient, &ids);
        }
    }

    /// Takes the second decision on what was drawn and begins its hand-over. True: something that
    /// has to be known cannot be read, and nothing else was due, so the recipient waits.
    fn begin<'l>(&'l self, drawn: &[Delivery], takes: Takes, under_way: &mut UnderWay<'l>) -> bool {
        let recipient = self.destination.recipient();
        let Sorted {
            mut cleared,
            settlements,
            given_back,
            waits,
        } = self.before_sending.sort(drawn, self.clock.now());
        if !settlements.is_empty() {
            under_way.settling.push(self.commit(settlements));
        }
        if !given_back.is_empty() {
            self.queue.give_back(recipient, &given_back);
        }
        let waits = waits && cleared.is_empty();
        if waits {
            tracing::warn!(%recipient, "keys, consents or messages cannot be read, waiting");
        }
        let limit = takes.batch.limit.max(1);
        while !cleared.is_empty() {
            let rest = cleared.split_off(limit.min(cleared.len()));
            under_way.hand_overs.push(Box::pin(self.hand_over(cleared)));
            cleared = rest;
        }
        waits
    }

    async fn hand_over(&self, batch: Vec<(Cleared, Outbound)>) -> HandedOver {
        let (cleared, outbound): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let outcomes = self.destination.deliver(outbound).await;
        HandedOver { cleared, outcomes }
    }

    /// What follows for each record of a batch. One that was not tried goes back; one that the
    /// destination does not account for may have arrived.
    fn settle(&self, handed_over: HandedOver) -> Vec<Settlement> {
        let now = self.clock.now();
        let HandedOver { cleared, outcomes } = handed_over;
        let unaccounted = || DeliveryOutcome::Unknown {
            code: "unaccounted".to_owned(),
        };
        let outcomes = outcomes
            .into_iter()
            .chain(std::iter::repeat_with(unaccounted));
        let mut settlements = Vec::new();
        let mut not_tried = Vec::new();
        for (Cleared { attempt, note }, outcome) in cleared.into_iter().zip(outcomes) {
            match step(self.schedule, now, attempt, &outcome) {
                Some(step) => settlements.push(Settlement {
                    id: attempt.id,
                    at: now,
                    entries: vec![note.attempted(now, &outcome, &step)],
                    step,
                }),
                None => not_tried.push(attempt.id),
            }
        }
        if !not_tried.is_empty() {
            self.queue
                .give_back(self.destination.recipient(), &not_tried);
        }
        settlements
    }

    fn commit(&self, settlements: Vec<Settlement>) -> BoxFuture<'_, Result<(), QueueError>> {
        self.queue.settle(self.destination.recipient(), settlements)
    }
}

/// What follows an attempt that ended so. None: none was made, and the delivery goes back.
pub fn step(
    schedule: RetrySchedule,
    now: Timestamp,
    attempt: Attempt,
    outcome: &DeliveryOutcome,
) -> Option<Step> {
    let again = |code: &str, after: Option<Duration>| {
        if schedule.is_over(attempt.created_at, now) {
            tracing::warn!(id = %attempt.id, code, "delivery tried for too long");
            return Step::Park(Reason::TriedTooLong);
        }
        let wait = schedule.wait(&attempt.id, attempt.number);
        Step::Retry {
            not_before: later(now, after.unwrap_or_default().max(wait)),
            code: code.to_owned(),
        }
    };
    Some(match outcome {
        DeliveryOutcome::NotTried { .. } => return None,
        DeliveryOutcome::Delivered => Step::Delivered,
        DeliveryOutcome::Retry { after, code, .. } => again(code, *after),
        // The id is the same at every attempt, so a repeat is harmless.
        DeliveryOutcome::Unknown { code } => again(code, None),
        DeliveryOutcome::Refused { code } => {
            tracing::warn!(id = %attempt.id, code, "delivery refused");
            Step::Park(Reason::RefusedByDestination)
        }
    })
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_millis(now.unix_millis().saturating_add(wait))
}
