//! `AnswerTask`, which tells one sender what it is owed, page by page, and strikes what it heard;
//! what it did not hear is told again after a growing time. The tasks are started in `answer_loop`.

use std::sync::Arc;
use std::time::Duration;

use isthmus_core::application_answer::AnswerPlace;
use isthmus_core::application_answers::OwedAnswer;
use isthmus_core::clock::Timestamp;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::SenderId;
use isthmus_core::journal::{JournalError, Unit};

use crate::answer_parts::AnswerParts;
use crate::answer_tasks::{Bell, Tasks};
use crate::answer_ways::{Telling, Told};

/// Answers that are read and told together.
const PAGE: usize = 64;
/// How long to wait before the first time that something is told again.
const WAIT_FIRST: Duration = Duration::from_secs(1);
/// The longest that is waited; it doubles until then.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// How long a task stays, with the connection that it opened, when nothing is owed any more.
const REST: Duration = Duration::from_secs(30);
/// How long a stop waits for what is being told.
const STOP_GRACE: Duration = Duration::from_secs(2);
/// How long to wait before asking a full store again.
const FULL_PAUSE: Duration = Duration::from_secs(1);
/// From this age on, in milliseconds, what waits is told in the log.
const ALARM_AGE_MILLIS: i64 = 15 * 60 * 1_000;
/// How often at most.
const ALARM_EVERY: Duration = Duration::from_hours(1);

/// Before the first place.
const START: AnswerPlace = AnswerPlace(0);

/// One sender's task.
pub(crate) struct AnswerTask {
    sender: SenderId,
    parts: Arc<AnswerParts>,
    tasks: Arc<Tasks>,
    /// Rung when something more is owed.
    bell: Arc<Bell>,
    /// When the alarm was raised last, by the executor's clock.
    alarmed: Option<Duration>,
}

/// What came of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    /// All of it is struck.
    Through,
    /// Some of it has to be told again.
    Partly,
    /// Nothing got through: there is no use in going on now.
    Nowhere,
}

/// Why waiting ended.
enum Woken {
    /// The time is over, or a way opened: everything is told again.
    Again,
    /// More is owed, or the gateway stops.
    More,
}

impl AnswerTask {
    pub(crate) const fn new(
        sender: SenderId,
        parts: Arc<AnswerParts>,
        tasks: Arc<Tasks>,
        bell: Arc<Bell>,
    ) -> Self {
        Self {
            sender,
            parts,
            tasks,
            bell,
            alarmed: None,
        }
    }

    /// Tells the sender until nothing is owed to it any more, or the gateway stops.
    pub(crate) async fn run(mut self) {
        let ended = self.tell_all().await;
        self.parts.ways.rest(&self.sender);
        self.tasks.end(&self.sender, ended);
    }

    async fn tell_all(&mut self) -> Result<(), JournalError> {
        let (mut at, mut left, mut wait) = (START, false, WAIT_FIRST);
        let mut again_at = None;
        let (parts, sender) = (Arc::clone(&self.parts), self.sender.clone());
        while !self.tasks.are_stopping() {
            // Before anything is tried, so that no way that opens meanwhile is missed.
            let opened = parts.ways.opened(&sender);
            let page = self.page(at)?;
            let went = match &page {
                None => Went::Nowhere,
                Some(page) if page.is_empty() && !left => {
                    if self.rest().await {
                        continue;
                    }
                    return Ok(());
                }
                // All that there is was told or tried.
                Some(page) if page.is_empty() => Went::Partly,
                Some(page) => {
                    at = page.last().map_or(at, |last| last.place);
                    let went = self.tell(page).await?;
                    if went != Went::Nowhere {
                        wait = WAIT_FIRST;
                        left |= went == Went::Partly;
                        continue;
                    }
                    went
                }
            };
            left = true;
            // From the first wait on: what is owed newly meanwhile does not put it off.
            let now = self.parts.executor.monotonic();
            let until = *again_at.get_or_insert(now.saturating_add(wait));
            if let Woken::Again = self.wait(until.saturating_sub(now), went, opened).await {
                (at, left, again_at) = (START, false, None);
                wait = wait.saturating_mul(2).min(WAIT_MAX);
            }
        }
        Ok(())
    }

    /// What is owed behind a place; none while there is no way to the sender, or no key.
    fn page(&mut self, at: AnswerPlace) -> Result<Option<Vec<OwedAnswer>>, JournalError> {
        match self.parts.owed.page(&self.sender, at, PAGE) {
            Ok(page) => {
                if let (START, Some(oldest)) = (at, page.first()) {
                    self.alarm(oldest.since);
                }
                let has_way = page.is_empty() || self.parts.ways.is_open(&self.sender);
                Ok(has_way.then_some(page))
            }
            Err(JournalError::Keys(error)) => {
                tracing::warn!(sender = %self.sender, %error, "answers wait for their keys");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Tells a page and strikes what needs not be told again.
    async fn tell(&self, page: &[OwedAnswer]) -> Result<Went, JournalError> {
        let counters = &self.parts.counters;
        let (mut struck, mut places, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for owed in page {
            match &owed.bytes {
                Ok(bytes) => {
                    places.push(owed.place);
                    answers.push(Telling {
                        message: owed.message,
                        control_id: owed.control_id.clone(),
                        accept: owed.accept,
                        bytes: bytes.clone(),
                    });
                }
                Err(error) => {
                    tracing::warn!(sender = %self.sender, %error, "an answer is given up");
                    counters.answers_unopenable.one();
                    struck.push(owed.place);
                }
            }
        }
        let told = tokio::select! {
            biased;
            told = self.parts.ways.tell(&self.sender, answers) => told,
            // What was not heard by then is told again after the next start.
            () = self.stopped_for(STOP_GRACE) => Vec::new(),
        };
        let all = places.len() + struck.len();
        for (place, told) in places.into_iter().zip(told) {
            match told {
                Told::Heard => counters.answers_heard.one(),
                Told::Refused => {
                    tracing::warn!(sender = %self.sender, "a sender refused an answer; given up");
                    counters.answers_refused.one();
                }
                Told::NotNow => {
                    counters.answers_put_off.one();
                    continue;
                }
            }
            struck.push(place);
        }
        let done = struck.len();
        self.strike(struck).await?;
        Ok(match done {
            0 => Went::Nowhere,
            some if some < all => Went::Partly,
            _all => Went::Through,
        })
    }

    /// Completes so long after the gateway began to stop.
    async fn stopped_for(&self, time: Duration) {
        self.tasks.stopped().await;
        self.parts.executor.sleep(time).await;
    }

    /// Strikes answers. As long as they stand they may be told again, so a full store is asked
    /// until it has room.
    async fn strike(&self, places: Vec<AnswerPlace>) -> Result<(), JournalError> {
        if places.is_empty() {
            return Ok(());
        }
        loop {
            let unit = Unit::Acknowledged(places.clone());
            match self.parts.journal.commit(unit).await {
                Err(JournalError::Full) if !self.tasks.are_stopping() => {
                    self.parts.executor.sleep(FULL_PAUSE).await;
                }
                Ok(_) | Err(JournalError::Full) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for more; false when nothing came for a while, or the gateway stops.
    async fn rest(&self) -> bool {
        tokio::select! {
            biased;
            () = self.tasks.stopped() => false,
            () = self.bell.rung() => true,
            () = self.parts.executor.sleep(REST) => false,
        }
    }

    /// Waits before answers are told again. What is owed newly is told at once, unless nothing gets
    /// through.
    async fn wait(&self, time: Duration, went: Went, opened: BoxFuture<'_, ()>) -> Woken {
        let more = async {
            if went == Went::Nowhere {
                return std::future::pending().await;
            }
            self.bell.rung().await;
        };
        tokio::select! {
            biased;
            () = self.tasks.stopped() => Woken::More,
            () = opened => Woken::Again,
            () = more => Woken::More,
            () = self.parts.executor.sleep(time) => Woken::Again,
        }
    }

    /// Tells the log of a sender that has not heard for long.
    fn alarm(&mut self, since: Timestamp) {
        let age = self.parts.clock.now().unix_millis();
        let age = age.saturating_sub(since.unix_millis());
        let now = self.parts.executor.monotonic();
        let is_due = self
            .alarmed
            .is_none_or(|last| now.saturating_sub(last) >= ALARM_EVERY);
        if age >= ALARM_AGE_MILLIS && is_due {
            let minutes = age / 60_000;
            let sender = &self.sender;
            tracing::error!(%sender, minutes, "a sender has not heard what it asked to be told");
            self.alarmed = Some(now);
        }
    }
}
