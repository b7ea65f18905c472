//! `BatchWork`, a batch or file of messages on its way: each message is admitted, handed to the
//! store and acknowledged by itself. Where batches come from is the sessions' business, how their
//! answers look that of `batch_answer`.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use isthmus_core::id::SenderId;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::batch::{Split, parts, split};

use crate::admission::{Admission, admit};
use crate::batch_answer::BatchAnswer;
use crate::batch_header_check::HeaderCheck;
use crate::batch_room::{PARTS_MAX, WINDOW_BYTES, WINDOW_MESSAGES};
use crate::batch_tally::Tally;
use crate::fate::Fate;
use crate::origin::Origin;
use crate::receipt::Receipt;
use crate::rejection::Rejection;
use crate::seams::{Seams, within};
use crate::standing::Standing;

/// Findings about an envelope that are told.
const FINDINGS_MAX: usize = 100;

/// A batch on its way.
pub(crate) struct BatchWork<'s> {
    text: Bytes,
    split: Split,
    standing: Standing,
    seams: &'s Seams,
    /// What is with the store, oldest first.
    window: VecDeque<InWork<'s>>,
    /// Bytes of it.
    window_bytes: usize,
    /// The next message to be looked at.
    next: usize,
    header_check: HeaderCheck,
    answer: BatchAnswer<'s>,
    /// Why nothing of it is looked at.
    refusal: Option<String>,
    /// What became of its messages.
    pub(crate) tally: Tally,
    /// Whose messages they are, of those that are decided.
    pub(crate) senders: BTreeSet<SenderId>,
}

struct InWork<'s> {
    /// Which message of the text it is, from 0.
    place: usize,
    origin: Origin,
    fate: Fate<'s>,
    bytes: usize,
}

impl<'s> BatchWork<'s> {
    /// Takes the text apart. One of more parts than are taken is refused whole, and nothing of it
    /// is stored.
    pub(crate) fn of(text: Bytes, standing: &Standing, seams: &'s Seams) -> Self {
        let parts = parts(&text);
        let split = if parts.count > PARTS_MAX {
            Split::default()
        } else {
            split(&text)
        };
        let answer = BatchAnswer::new(&text, &split, seams);
        let header_check = HeaderCheck::new(&text, &split, standing);
        let mut work = Self {
            text,
            split,
            standing: standing.clone(),
            seams,
            window: VecDeque::new(),
            window_bytes: 0,
            next: 0,
            header_check,
            answer,
            refusal: None,
            tally: Tally::default(),
            senders: BTreeSet::new(),
        };
        if parts.count > PARTS_MAX {
            work.refuse();
        } else {
            work.note_envelope();
        }
        work
    }

    /// A text that is not read at all, and why.
    pub(crate) fn unread(why: String, standing: &Standing, seams: &'s Seams) -> Self {
        let mut work = Self::of(Bytes::new(), standing, seams);
        work.refusal = Some(why);
        work
    }

    /// Whether every message is with the store or decided, so that what comes behind may follow.
    pub(crate) fn is_handed_over(&self) -> bool {
        self.next >= self.split.messages.len()
    }

    /// Whether every message is decided.
    pub(crate) fn is_decided(&self) -> bool {
        self.is_handed_over() && self.window.is_empty()
    }

    /// Why nothing of it was looked at.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// What is wrong with its envelope.
    pub(crate) fn envelope_findings(&self) -> impl Iterator<Item = String> {
        let findings = self.split.findings.iter().take(FINDINGS_MAX);
        findings.map(|one| one.problem.to_string())
    }

    /// Hands the next messages to the store, in order, moves those that are there on, and is ready
    /// when at least one was decided or all are. Looks at no more than a window of messages.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.fill();
        for one in &mut self.window {
            one.fate.poll(context);
        }
        let mut has_moved = false;
        while let Some(one) = self.window.pop_front() {
            match one.fate {
                Fate::Decided(outcome) => {
                    self.window_bytes = self.window_bytes.saturating_sub(one.bytes);
                    self.conclude(one.place, &one.origin, &outcome);
                    has_moved = true;
                }
                Fate::OnItsWay(_) | Fate::Numbered(..) | Fate::Ordered(_) => {
                    self.window.push_front(one);
                    break;
                }
            }
        }
        if has_moved || self.is_decided() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Moves it on until messages were decided. What is not after this time is given up, because
    /// the store has been silent for as long.
    pub(crate) async fn go_on(&mut self, time: Duration) {
        let executor = self.seams.executor.as_ref();
        let moved = within(executor, time, poll_fn(|context| self.poll(context))).await;
        if moved.is_none() {
            tracing::error!("the store is silent; the rest of a batch is not stored");
            self.give_up();
        }
        // A store that answers at once shall not keep others waiting.
        tokio::task::yield_now().await;
    }

    /// Decides all that is not decided: the store is unavailable.
    pub(crate) fn give_up(&mut self) {
        while let Some(one) = self.window.pop_front() {
            let outcome = one.fate.give_up();
            self.conclude(one.place, &one.origin, &outcome);
        }
        while let Some(span) = self.split.messages.get(self.next) {
            let raw = self.text.get(span.range.clone()).unwrap_or_default();
            let origin = Origin::unrecognised(raw, &self.standing.candidates);
            let outcome = Err(Rejection::from(Refusal::retry(Reason::StoreUnavailable)));
            let place = self.next;
            self.next = self.next.saturating_add(1);
            self.conclude(place, &origin, &outcome);
        }
        self.window_bytes = 0;
    }

    /// Hands nothing more to the store; what is there is decided.
    pub(crate) fn hold_rest(&mut self) {
        self.next = self.split.messages.len();
    }

    /// The answer, once all is decided.
    pub(crate) fn into_answer(self) -> Vec<u8> {
        match self.refusal {
            Some(comment) => self.answer.refused(comment),
            None => self.answer.finish(&self.text, &self.split),
        }
    }

    fn fill(&mut self) {
        while self.window.len() < WINDOW_MESSAGES
            && let Some(span) = self.split.messages.get(self.next)
        {
            let bytes = span.range.len();
            let would_hold = self.window_bytes.saturating_add(bytes);
            if would_hold > WINDOW_BYTES && !self.window.is_empty() {
                return;
            }
            let raw = self.text.slice(span.range.clone());
            let batch = span.batch;
            let Admission { origin, verdict } = self.looked_at(raw, batch);
            let place = self.next;
            self.next = self.next.saturating_add(1);
            let fate = Fate::of(verdict, self.seams.intake.as_ref());
            self.window_bytes = would_hold;
            self.window.push_back(InWork {
                place,
                origin,
                fate,
                bytes,
            });
        }
    }

    fn looked_at(&mut self, raw: Bytes, batch: Option<usize>) -> Admission {
        let is_last = self.next.saturating_add(1) == self.split.messages.len();
        if is_last && self.split.is_cut {
            let origin = Origin::unrecognised(&raw, &self.standing.candidates);
            let verdict = Err(Rejection::from(Refusal::reject(Reason::Unreadable)));
            return Admission { origin, verdict };
        }
        let mut admission = admit(raw, &self.standing, self.seams);
        let standing = &self.standing;
        if admission.verdict.is_ok()
            && let Err(rejection) = self
                .header_check
                .of(batch, &self.text, &self.split, standing)
        {
            admission.verdict = Err(rejection);
        }
        admission
    }

    fn conclude(&mut self, place: usize, origin: &Origin, outcome: &Result<Receipt, Rejection>) {
        self.tally.add(place, outcome);
        // Who is refused may not be who they say they are.
        let sender = origin.sender.as_ref().filter(|_| outcome.is_ok());
        if let Some(sender) = sender.filter(|one| !self.senders.contains(*one)) {
            self.senders.insert(sender.clone());
        }
        let batch = self.split.messages.get(place).and_then(|one| one.batch);
        self.answer
            .add(batch, origin, outcome, &self.text, &self.split);
    }

    /// Too many parts: an `AR` that names the first message, and why.
    fn refuse(&mut self) {
        let origin = Origin::unrecognised(&self.text, &self.standing.candidates);
        let outcome = Err(Rejection::from(Refusal::reject(Reason::Oversize)));
        self.conclude(0, &origin, &outcome);
        self.refusal = Some(format!(
            "more than {PARTS_MAX} messages, headers and trailers; send it in parts"
        ));
    }

    fn note_envelope(&self) {
        self.seams.counters.batches.one();
        if self.split.findings.is_empty() && !self.split.is_cut {
            return;
        }
        self.seams.counters.batches_unlike_envelope.one();
        for finding in self.split.findings.iter().take(FINDINGS_MAX) {
            let (offset, problem) = (finding.offset, finding.problem);
            tracing::warn!(offset, %problem, "a batch is not as its envelope says");
        }
        if self.split.is_cut {
            tracing::warn!("a batch ends inside of its last message, which is refused");
        }
    }
}

impl fmt::Debug for BatchWork<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (next, all) = (self.next, self.split.messages.len());
        write!(f, "BatchWork({next} of {all} handed over)")
    }
}
