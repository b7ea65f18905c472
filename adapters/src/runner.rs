//! The runner: performs the calls that an adapter plans, keeps the recipient's pace and accounts
//! for every record of a batch. When a record is tried again is the pipeline's business.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use isthmus_core::clock::Clock;
use isthmus_core::current::Current;
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope, Takes};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId};

use crate::adapter::{Adapter, Call, Judgement, UnsendableCall};
use crate::breaker::Change;
use crate::limits::Limits;
use crate::pace::{Admission, Pace, Turn, Verdict};
use crate::transport::Transport;

/// How a recipient is reached: with which secrets and certificates, too.
pub struct Means {
    /// Plans the calls and judges the replies.
    pub adapter: Box<dyn Adapter>,
    /// Performs the calls.
    pub transport: Box<dyn Transport>,
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Means({})", self.adapter.manifest().name)
    }
}

/// What a runner is made of.
pub struct RunnerParts {
    /// Who receives.
    pub recipient: RecipientId,
    /// Plans the calls and judges the replies.
    pub adapter: Box<dyn Adapter>,
    /// Performs the calls.
    pub transport: Box<dyn Transport>,
    /// How fast, and when the recipient is left alone.
    pub limits: Limits,
    /// Any number that differs from gateway to gateway: it scatters the pauses.
    pub seed: u64,
    /// The time of day, of which attempts are told.
    pub clock: Arc<dyn Clock>,
    /// Timers.
    pub executor: Arc<dyn Executor>,
}

impl fmt::Debug for RunnerParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunnerParts({})", self.recipient)
    }
}

/// A destination made of an adapter and the means to perform its calls.
pub struct Runner {
    recipient: RecipientId,
    /// A hand-over is made by one version of them.
    means: Current<Means>,
    takes: Takes,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
    pace: Pace,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.means.get().adapter.manifest().name;
        write!(f, "Runner({name}, {})", self.recipient)
    }
}

impl Runner {
    /// A runner for one recipient.
    pub fn new(parts: RunnerParts) -> Self {
        Self {
            recipient: parts.recipient,
            takes: parts.adapter.manifest().takes,
            means: Current::new(Means {
                adapter: parts.adapter,
                transport: parts.transport,
            }),
            clock: parts.clock,
            executor: parts.executor,
            pace: Pace::new(&parts.limits, parts.seed),
        }
    }

    /// Reaches the recipient by these means from the next hand-over on: the same adapter, as much
    /// at once, with secrets and certificates that were read anew.
    pub fn replace(&self, means: Means) {
        self.means.replace(means);
    }

    async fn wait_until_ready(&self) -> usize {
        let at_once = self.takes.at_once.max(1);
        loop {
            let means = self.means.get();
            means.transport.ready().await;
            // Asked for before looking, so that an end between the two is not missed.
            let tried = self.pace.tried();
            match self.pace.admission(self.executor.monotonic()) {
                Admission::Now(most) => return most.unwrap_or(at_once).clamp(1, at_once),
                Admission::Wait(time) => self.executor.sleep(time).await,
                Admission::Trying => tried.await,
                Admission::Never => std::future::pending().await,
            }
        }
    }

    async fn hand_over(&self, batch: Vec<Outbound>) -> Vec<DeliveryOutcome> {
        let means = self.means.get();
        let calls = means.adapter.plan(&batch, self.clock.now());
        let ids: Vec<DeliveryId> = batch.iter().map(|outbound| outbound.id).collect();
        let retried = batch.iter().filter(|outbound| outbound.attempt > 1);
        let retried: BTreeSet<DeliveryId> = retried.map(|outbound| outbound.id).collect();
        drop(batch);
        let mut outcomes = BTreeMap::new();
        let mut others = unaccounted();
        for call in calls {
            if let Call::Unsendable(call) = &call {
                let refused = self.refused(call);
                let is_last = self.holds_up_others(&refused);
                outcomes.extend(refused.outcomes);
                if is_last {
                    others = not_tried("behind-a-failure");
                    break;
                }
                continue;
            }
            let turn = match self.pace.begin(self.executor.monotonic()) {
                Ok(turn) => turn,
                Err(held) => {
                    others = not_tried(held.code);
                    break;
                }
            };
            let judgement = self.perform(&means, call, turn, &retried).await;
            let is_last = self.holds_up_others(&judgement);
            outcomes.extend(judgement.outcomes);
            if is_last {
                others = not_tried("behind-a-failure");
                break;
            }
        }
        let outcome = |id| outcomes.get(id).unwrap_or(&others).clone();
        ids.iter().map(outcome).collect()
    }

    /// A record that cannot be sent takes no turn: it tells nothing of the recipient.
    fn refused(&self, call: &UnsendableCall) -> Judgement {
        let code = call.code.to_owned();
        let judgement = Judgement {
            outcomes: vec![(call.record, DeliveryOutcome::Refused { code })],
            stop: false,
        };
        self.log_failure(&judgement);
        judgement
    }

    /// Performs one call and tells one outcome for each of its records.
    async fn perform(
        &self,
        means: &Means,
        call: Call,
        turn: Turn<'_>,
        retried: &BTreeSet<DeliveryId>,
    ) -> Judgement {
        let call = Arc::new(call);
        let reply = means.transport.perform(Arc::clone(&call)).await;
        let judged = means.adapter.judge(&call, reply);
        let mut judged_outcomes: BTreeMap<_, _> = judged.outcomes.into_iter().collect();
        let account = |id| (id, judged_outcomes.remove(&id).unwrap_or_else(unaccounted));
        let judgement = Judgement {
            outcomes: call.records().into_iter().map(account).collect(),
            stop: judged.stop,
        };
        self.log_failure(&judgement);
        if judgement.outcomes.iter().all(|(_, one)| is_not_tried(one)) {
            // Nothing was sent, so it tells nothing of the recipient.
            return judgement;
        }
        let verdict = Verdict::of(&judgement, retried);
        let (change, is_gone) = turn.end(self.executor.monotonic(), verdict);
        self.log_change(change, is_gone);
        judgement
    }

    /// Whether what follows in the batch must not be tried: it could overtake a patient's earlier
    /// record, or would fare alike.
    fn holds_up_others(&self, judgement: &Judgement) -> bool {
        let is_in_order = self.takes.batch.consecutive;
        let mut outcomes = judgement.outcomes.iter().map(|(_, outcome)| outcome);
        judgement.stop
            || outcomes.any(|outcome| match outcome {
                DeliveryOutcome::Delivered => false,
                DeliveryOutcome::Retry { scope, .. } => {
                    is_in_order || *scope == RetryScope::Recipient
                }
                DeliveryOutcome::NotTried { .. }
                | DeliveryOutcome::Refused { .. }
                | DeliveryOutcome::Unknown { .. } => is_in_order,
            })
    }

    fn log_failure(&self, judgement: &Judgement) {
        let code = judgement.outcomes.iter().find_map(|(_, one)| match one {
            DeliveryOutcome::Delivered => None,
            DeliveryOutcome::Retry { code, .. }
            | DeliveryOutcome::NotTried { code }
            | DeliveryOutcome::Refused { code }
            | DeliveryOutcome::Unknown { code } => Some(code),
        });
        if let Some(code) = code {
            let records = judgement.outcomes.len();
            let recipient = &self.recipient;
            tracing::debug!(%recipient, code, records, "not every record was taken");
        }
    }

    fn log_change(&self, change: Change, is_gone: bool) {
        let recipient = &self.recipient;
        match change {
            Change::None => {}
            Change::Opened => tracing::warn!(%recipient, "too many calls fail, leaving it alone"),
            Change::Closed => tracing::info!(%recipient, "calls succeed again"),
        }
        if is_gone {
            tracing::error!(%recipient, "it says it is gone; nothing is sent until a restart");
        }
    }
}

fn not_tried(code: &str) -> DeliveryOutcome {
    DeliveryOutcome::NotTried {
        code: code.to_owned(),
    }
}

const fn is_not_tried(outcome: &DeliveryOutcome) -> bool {
    matches!(outcome, DeliveryOutcome::NotTried { .. })
}

/// A record that the adapter did not account for may have arrived.
fn unaccounted() -> DeliveryOutcome {
    DeliveryOutcome::Unknown {
        code: "unaccounted".to_owned(),
    }
}

impl Destination for Runner {
    fn recipient(&self) -> &RecipientId {
        &self.recipient
    }

    fn takes(&self) -> Takes {
        self.takes
    }

    fn ready(&self) -> BoxFuture<'_, usize> {
        Box::pin(self.wait_until_ready())
    }

    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>> {
        Box::pin(self.hand_over(batch))
    }
}
