//! `Pace`, whether a recipient takes calls now: rate, breaker, pause and the end, under one short
//! lock; who asks and waits is the runner.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use isthmus_core::destination::{DeliveryOutcome, RetryScope};
use isthmus_core::id::DeliveryId;
use tokio::sync::Notify;

use crate::adapter::Judgement;
use crate::breaker::{Breaker, Change, Passage};
use crate::limits::Limits;
use crate::pause::Pause;
use crate::token_bucket::TokenBucket;

/// Whether hand-overs may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// This many may; none for as many as there are.
    Now(Option<usize>),
    /// Not for this long.
    Wait(Duration),
    /// Not before the call that tries has ended.
    Trying,
    /// Never again.
    Never,
}

/// Why a call may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Why.
    pub(crate) code: &'static str,
}

/// What was not taken that may be taken later, or is not known to have arrived. Of several, the
/// last of these says what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failed {
    /// Nothing.
    Nothing,
    /// Records that failed before and by themselves: it tells of them and not of the recipient.
    Again,
    /// A record, for the first time.
    Record,
    /// Every record would have.
    Every,
}

/// What the end of a call means for those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What failed.
    pub(crate) failed: Failed,
    /// The wait that the recipient asked for, of several the longest.
    pub(crate) asked: Option<Duration>,
    /// The recipient is gone for good.
    pub(crate) stop: bool,
}

impl Verdict {
    /// Reads it from what a call's reply means; `retried` are the records that were tried before.
    pub(crate) fn of(judgement: &Judgement, retried: &BTreeSet<DeliveryId>) -> Self {
        let mut verdict = Self {
            failed: Failed::Nothing,
            asked: None,
            stop: judgement.stop,
        };
        for (id, outcome) in &judgement.outcomes {
            let alone = if retried.contains(id) {
                Failed::Again
            } else {
                Failed::Record
            };
            match outcome {
                DeliveryOutcome::Delivered
                | DeliveryOutcome::NotTried { .. }
                | DeliveryOutcome::Refused { .. } => {}
                DeliveryOutcome::Unknown { .. } => {
                    verdict.failed = verdict.failed.max(alone);
                }
                DeliveryOutcome::Retry { scope, after, .. } => {
                    verdict.failed = verdict.failed.max(alone);
                    if *scope == RetryScope::Recipient {
                        verdict.failed = Failed::Every;
                        verdict.asked = verdict.asked.max(*after);
                    }
                }
            }
        }
        verdict
    }
}

#[derive(Debug)]
struct State {
    bucket: Option<TokenBucket>,
    breaker: Breaker,
    pause: Pause,
    is_stopped: bool,
}

/// Whether a recipient takes calls now.
#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    /// Told when a call that tried has ended.
    tried: Notify,
}

/// The right to make one call.
#[derive(Debug)]
pub(crate) struct Turn<'p> {
    pace: &'p Pace,
    began: Duration,
    is_probe: bool,
    has_ended: bool,
}

impl Pace {
    /// A pace within these limits. The seed is for the jitter of pauses.
    pub(crate) fn new(limits: &Limits, seed: u64) -> Self {
        let bucket = limits.rate_per_s;
        let state = State {
            bucket: bucket.map(|rate| TokenBucket::new(rate, limits.burst)),
            breaker: Breaker::new(limits.failures, limits.window, limits.probe_after),
            pause: Pause::new(limits.pause_first, limits.pause_longest, seed),
            is_stopped: false,
        };
        Self {
            state: Mutex::new(state),
            tried: Notify::new(),
        }
    }

    /// Whether hand-overs may begin. Takes nothing up.
    pub(crate) fn admission(&self, now: Duration) -> Admission {
        let state = self.lock();
        if state.is_stopped {
            return Admission::Never;
        }
        let pause = state.pause.remaining(now);
        if !pause.is_zero() {
            return Admission::Wait(pause);
        }
        let most = match state.breaker.passage(now) {
            Passage::Free => None,
            Passage::Probe => Some(1),
            Passage::Shut(wait) => return Admission::Wait(wait),
            Passage::Trying => return Admission::Trying,
        };
        match state.bucket.as_ref().map(|bucket| bucket.available(now)) {
            None => Admission::Now(most),
            Some(Ok(tokens)) => Admission::Now(Some(most.unwrap_or(tokens).min(tokens))),
            Some(Err(wait)) => Admission::Wait(wait),
        }
    }

    /// Completes when a call that tried has ended, if that is after this was called.
    pub(crate) fn tried(&self) -> impl Future<Output = ()> + Send + '_ {
        self.tried.notified()
    }

    /// Takes the right to make a call. One that comes faster than the rate is not held: who asked
    /// before it began was told how many may.
    pub(crate) fn begin(&self, now: Duration) -> Result<Turn<'_>, Held> {
        let mut state = self.lock();
        let held = |code| Err(Held { code });
        if state.is_stopped {
            return held("stopped");
        }
        if !state.pause.remaining(now).is_zero() {
            return held("paused");
        }
        let is_probe = match state.breaker.passage(now) {
            Passage::Free => false,
            Passage::Probe => true,
            Passage::Shut(_) | Passage::Trying => return held("breaker-open"),
        };
        if is_probe {
            state.breaker.try_one();
        }
        if let Some(bucket) = &mut state.bucket {
            bucket.take(now);
        }
        Ok(Turn {
            pace: self,
            began: now,
            is_probe,
            has_ended: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The call ended so. Tells what that changed, and whether the recipient is gone since now.
    pub(crate) fn end(mut self, now: Duration, verdict: Verdict) -> (Change, bool) {
        self.has_ended = true;
        let mut state = self.pace.lock();
        let change = if verdict.failed == Failed::Again && !self.is_probe {
            Change::None
        } else {
            let has_failed = verdict.failed != Failed::Nothing;
            state.breaker.ended(now, self.is_probe, has_failed)
        };
        match verdict.failed {
            Failed::Every => state.pause.failed(self.began, now, verdict.asked),
            Failed::Nothing => state.pause.succeeded(self.began),
            Failed::Again | Failed::Record => {}
        }
        let is_gone_now = verdict.stop && !state.is_stopped;
        state.is_stopped |= verdict.stop;
        (change, is_gone_now)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_probe {
            return;
        }
        if !self.has_ended {
            self.pace.lock().breaker.gave_up();
        }
        self.pace.tried.notify_waiters();
    }
}
