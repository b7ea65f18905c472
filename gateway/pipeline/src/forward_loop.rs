//! The forward loop: takes what the journal holds without an outcome, in order, translates it,
//! releases it and commits what came of it; the same path after a restart as in steady state.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::{Either, join, select};
use isthmus_core::application_answers::ApplicationAnswers;
use isthmus_core::clock::Clock;
use isthmus_core::current::Current;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{RecipientId, Sequence};
use isthmus_core::journal::{
    Backlog, Conclusion, Journal, JournalError, OpenIntake, Outcome, Unit,
};
use isthmus_core::refusal::Refusal;

use crate::asked::Origin;
use crate::release_stage::ReleaseStage;
use crate::rules_in_force::RulesInForce;
use crate::translate_stage;

/// How many messages are concluded in one durable unit. Bounds the memory of a page and the time
/// that a worker spends before it lets others in.
const PAGE: usize = 64;
/// How long to wait before asking a full store again.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// The parts that the loop joins.
pub struct ForwardLoop {
    /// What has to be translated.
    pub backlog: Arc<dyn Backlog>,
    /// Where outcomes go.
    pub journal: Arc<dyn Journal>,
    /// Who is told of new deliveries.
    pub queue: Arc<dyn DeliveryQueue>,
    /// The rules in force; a page is concluded by one version of them.
    pub rules: Arc<Current<RulesInForce>>,
    /// From records to sealed disclosures.
    pub release: Arc<ReleaseStage>,
    /// Words what senders are told of the content of their messages.
    pub answers: Arc<dyn ApplicationAnswers>,
    /// How many threads translate at once.
    pub threads: usize,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Timers.
    pub executor: Arc<dyn Executor>,
}

impl std::fmt::Debug for ForwardLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForwardLoop")
            .field("release", &self.release)
            .finish_non_exhaustive()
    }
}

impl ForwardLoop {
    /// Runs until `stopping` completes, and commits the page that is concluded then.
    ///
    /// While a page is synced, the next one is concluded; it is committed only when the one before
    /// it is, so that what a patient's messages gave is stored in their order.
    ///
    /// # Errors
    /// When the journal fails or closes.
    pub async fn run(self, mut stopping: BoxFuture<'_, ()>) -> Result<(), JournalError> {
        let forward = Arc::new(self);
        let mut concluded = Vec::new();
        let mut waiting = false;
        loop {
            let stops = (&mut stopping).now_or_never().is_some();
            if stops {
                return match forward.commit(concluded).await {
                    Ok(()) | Err(JournalError::Full) => Ok(()),
                    Err(error) => Err(error),
                };
            }
            let in_work: Vec<Sequence> = concluded.iter().map(|one| one.sequence).collect();
            let page = std::mem::take(&mut concluded);
            let (committed, next) = join(forward.commit(page), forward.next_page(&in_work)).await;
            let next = next?;
            match committed {
                Ok(()) => {}
                // Nothing of the page was stored, so it comes again, and the next one after it.
                Err(JournalError::Full) => {
                    if !waiting {
                        tracing::warn!("the store is full, translation waits for room");
                        waiting = true;
                    }
                    forward.executor.sleep(FULL_PAUSE).await;
                    continue;
                }
                Err(error) => return Err(error),
            }
            waiting &= in_work.is_empty();
            concluded = next;
            if concluded.is_empty() {
                let arrived = forward.backlog.arrived();
                if let Either::Right(_) = select(arrived, &mut stopping).await {
                    return Ok(());
                }
            }
        }
    }

    /// Reads and concludes the first page of what has no outcome and is not in work. Every page is
    /// the first, so a message that a person had tried again comes up by itself.
    async fn next_page(
        self: &Arc<Self>,
        in_work: &[Sequence],
    ) -> Result<Vec<Conclusion>, JournalError> {
        let page = self.backlog.open_intakes(PAGE, in_work)?;
        self.conclude_all(page).await
    }

    /// Commits a page and tells of its deliveries.
    async fn commit(&self, conclusions: Vec<Conclusion>) -> Result<(), JournalError> {
        if conclusions.is_empty() {
            return Ok(());
        }
        let deliveries = conclusions
            .iter()
            .flat_map(|conclusion| &conclusion.deliveries);
        let recipients: BTreeSet<RecipientId> = deliveries
            .map(|delivery| delivery.sealed.grant().recipient.clone())
            .collect();
        self.journal.commit(Unit::Conclusions(conclusions)).await?;
        for recipient in &recipients {
            self.queue.committed(recipient);
        }
        Ok(())
    }

    /// Concludes the messages of a page, in their order, on as many threads as there are for it;
    /// one is the task's own.
    async fn conclude_all(
        self: &Arc<Self>,
        mut page: Vec<OpenIntake>,
    ) -> Result<Vec<Conclusion>, JournalError> {
        let rules = self.rules.get();
        if self.threads <= 1 {
            let conclusions = page.into_iter().map(|open| self.conclude(&rules, open));
            return Ok(conclusions.collect());
        }
        let share = page.len().div_ceil(self.threads.max(1)).max(1);
        let mut parts = Vec::new();
        while !page.is_empty() {
            let rest = page.split_off(share.min(page.len()));
            let part = std::mem::replace(&mut page, rest);
            let (done, concluded) = oneshot::channel();
            let (forward, rules) = (Arc::clone(self), Arc::clone(&rules));
            self.executor.compute(Box::new(move || {
                let conclusions = part.into_iter().map(|open| forward.conclude(&rules, open));
                // Nobody waits when the gateway ends.
                let _nobody = done.send(conclusions.collect::<Vec<_>>());
            }));
            parts.push(concluded);
        }
        let mut conclusions = Vec::new();
        for part in parts {
            let part = part.await.map_err(|_ended| JournalError::Closed)?;
            conclusions.extend(part);
        }
        Ok(conclusions)
    }

    fn conclude(&self, rules: &RulesInForce, open: OpenIntake) -> Conclusion {
        let OpenIntake {
            sequence, message, ..
        } = open;
        // Of one that cannot be opened the header is gone, too: there is nothing to answer.
        let message = match message {
            Ok(message) => message,
            Err(refusal) => return self.parked(sequence, refusal),
        };
        let mut conclusion = match self.carry(rules, sequence, &message) {
            Ok(conclusion) => conclusion,
            Err(refusal) => self.parked(sequence, refusal),
        };
        let Conclusion { outcome, at, .. } = &conclusion;
        conclusion.answer = self.answers.answer(&message, outcome, *at);
        conclusion
    }

    fn parked(&self, sequence: Sequence, refusal: Refusal) -> Conclusion {
        tracing::warn!(%sequence, %refusal, "message parked");
        Conclusion {
            sequence,
            at: self.clock.now(),
            outcome: Outcome::Parked(refusal),
            decisions: Vec::new(),
            deliveries: Vec::new(),
            entries: Vec::new(),
            answer: None,
        }
    }

    fn carry(
        &self,
        rules: &RulesInForce,
        sequence: Sequence,
        message: &Envelope<RawMessage>,
    ) -> Result<Conclusion, Refusal> {
        let translated = translate_stage::translate(rules.translator.as_ref(), message)?;
        let now = self.clock.now();
        let origin = Origin {
            id: message.id,
            sequence,
            received_at: message.received_at,
            now,
        };
        let released = self.release.release(rules, origin, &translated.records)?;
        let warnings = u32::try_from(translated.warnings.len()).unwrap_or(u32::MAX);
        Ok(Conclusion {
            sequence,
            at: now,
            outcome: Outcome::Translated {
                map: translated.map,
                warnings,
            },
            decisions: released.decisions,
            deliveries: released.deliveries,
            entries: released.entries,
            answer: None,
        })
    }
}
