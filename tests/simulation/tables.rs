//! The rows of the store, as `gateway/store` writes them: messages, outcomes, deliveries and what
//! patients said. When they are synced is decided in `disk`, and who works on which delivery in
//! `embedded`.

use std::collections::{BTreeMap, BTreeSet};

use isthmus_core::address::AddressDigest;
use isthmus_core::application_answer::ApplicationAnswer;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentChoice};
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::hold::Hold;
use isthmus_core::id::{
    DeliveryId, FlowId, MessageId, RecipientId, SenderId, Sequence, SubjectKey,
};
use isthmus_core::intake::{Accepted, Numbered};
use isthmus_core::journal::{
    Committed, Conclusion, Decision, NewDelivery, Outcome, ParkedAction, ParkedItem, ParkedRuling,
    Settlement, Step, Unit, Verdict,
};
use isthmus_core::link::{Expected, LinkOrder, LinkState};
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::refusal::Reason;

/// A delivery.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: DeliveryId,
    pub(crate) sequence: Sequence,
    pub(crate) subject: SubjectKey,
    pub(crate) created_at: Timestamp,
    pub(crate) parked: Option<Reason>,
    pub(crate) attempt: u32,
    /// 0 until a retry, 1 where somebody made it due at once.
    pub(crate) not_before: i64,
    pub(crate) addresses: Vec<AddressDigest>,
    pub(crate) urgent: bool,
    pub(crate) sealed: SealedDisclosure,
}

impl Row {
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.parked.is_none() && self.not_before <= now.unix_millis()
    }

    fn lane(&self) -> (RecipientId, SubjectKey) {
        (self.sealed.grant().recipient.clone(), self.subject)
    }
}

/// A delivery that is done with.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub(crate) sequence: Sequence,
    pub(crate) flow: FlowId,
    pub(crate) subject: SubjectKey,
    /// Why it was not delivered; None when the recipient has it.
    pub(crate) outcome: Option<&'static str>,
}

/// The outcome of a delivery that a person gave up.
pub(crate) const DROPPED: &str = "dropped";

/// What is on stable storage.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) intake: BTreeMap<u64, Envelope<RawMessage>>,
    known: BTreeMap<([u8; 16], MessageId), u64>,
    /// The last number of each sender that numbers its messages.
    links: BTreeMap<SenderId, u64>,
    /// Without an outcome; true where a person had it tried again.
    pub(crate) open: BTreeMap<u64, bool>,
    pub(crate) outcomes: BTreeMap<u64, Outcome>,
    /// Whether a message was translated when it was concluded first.
    pub(crate) fared: BTreeMap<u64, bool>,
    /// What senders are owed, and since when.
    pub(crate) owed: BTreeMap<u64, (ApplicationAnswer, Timestamp)>,
    last_owed: u64,
    pub(crate) decisions: BTreeMap<u64, Vec<Decision>>,
    pub(crate) deliveries: BTreeMap<u64, Row>,
    rows: BTreeMap<DeliveryId, u64>,
    /// A patient's deliveries to a recipient; the first is the head.
    pub(crate) lanes: BTreeMap<(RecipientId, SubjectKey), BTreeSet<u64>>,
    pub(crate) last_row: u64,
    pub(crate) done: BTreeMap<DeliveryId, Done>,
    pub(crate) consents: BTreeMap<(SubjectKey, String), Vec<Consent>>,
    pub(crate) holds: BTreeMap<SubjectKey, Hold>,
    /// How often something was parked and made again, for the totals.
    pub(crate) parked: u64,
    pub(crate) rebuilt: u64,
    /// A planted fault: what is tried again joins its lane at the end.
    pub(crate) retries_rejoin: bool,
}

impl Tables {
    /// Writes a unit.
    pub(crate) fn apply(&mut self, unit: &Unit) -> Committed {
        match unit {
            Unit::Intake(message) => return Committed::Intake(self.accept(message)),
            Unit::Numbered(message, number) => {
                return Committed::Numbered(self.accept_numbered(message, *number));
            }
            Unit::Link(sender, order) => {
                if *order == LinkOrder::Resynchronise {
                    self.links.remove(sender);
                }
                let expected = self.expected(sender);
                return Committed::Link(LinkState { expected });
            }
            Unit::Conclusions(all) => all.iter().for_each(|one| self.conclude(one)),
            Unit::Settlements(all) => all.iter().for_each(|one| self.settle(one)),
            Unit::Rulings(all) => {
                let done = all.iter().filter(|one| self.rule(one)).count();
                return Committed::Ruled(done);
            }
            Unit::Checkpoint(_) => {}
            Unit::Acknowledged(places) => {
                for place in places {
                    self.owed.remove(&place.0);
                }
            }
        }
        Committed::Done
    }

    fn accept(&mut self, message: &Envelope<RawMessage>) -> Accepted {
        let control = message.body.control_id;
        let first = self.known.get(&(control, message.id)).copied();
        let sequence = first.unwrap_or_else(|| {
            let next = self.intake.len() as u64 + 1;
            self.intake.insert(next, message.clone());
            self.known.insert((control, message.id), next);
            self.open.insert(next, false);
            next
        });
        let all = MessageId::from_bytes([0; 16])..=MessageId::from_bytes([0xFF; 16]);
        let same_control = (control, *all.start())..=(control, *all.end());
        let mut others = self.known.range(same_control);
        Accepted {
            sequence: Sequence(sequence),
            repeat: first.is_some(),
            control_id_reused: others.any(|((_, id), _)| *id != message.id),
        }
    }

    fn accept_numbered(&mut self, message: &Envelope<RawMessage>, number: u64) -> Numbered {
        let expected = self.expected(&message.sender);
        let is_next = expected == Expected::Any || expected == Expected::Number(number);
        let key = (message.body.control_id, message.id);
        if !is_next && !self.known.contains_key(&key) {
            return Numbered::NotExpected(expected);
        }
        if is_next {
            self.links.insert(message.sender.clone(), number);
        }
        Numbered::Accepted(self.accept(message))
    }

    fn expected(&self, sender: &SenderId) -> Expected {
        let last = self.links.get(sender);
        last.map_or(Expected::Any, |last| Expected::Number(last + 1))
    }

    fn conclude(&mut self, conclusion: &Conclusion) {
        let sequence = conclusion.sequence.0;
        if self.outcomes.contains_key(&sequence) {
            return;
        }
        self.outcomes.insert(sequence, conclusion.outcome.clone());
        let again = self.open.remove(&sequence).unwrap_or(false);
        if !again {
            let is_success = matches!(conclusion.outcome, Outcome::Translated { .. });
            self.fared.insert(sequence, is_success);
        }
        if let Some(answer) = conclusion.answer.as_ref().filter(|_| !again) {
            self.last_owed += 1;
            self.owed
                .insert(self.last_owed, (answer.clone(), conclusion.at));
        }
        self.decisions
            .insert(sequence, conclusion.decisions.clone());
        for delivery in &conclusion.deliveries {
            if !(again && self.done.contains_key(&delivery.id)) {
                self.insert(conclusion, delivery);
            }
        }
    }

    fn insert(&mut self, of: &Conclusion, delivery: &NewDelivery) {
        if self.rows.contains_key(&delivery.id) {
            return;
        }
        let row = Row {
            id: delivery.id,
            sequence: of.sequence,
            subject: delivery.subject,
            created_at: of.at,
            parked: None,
            attempt: 1,
            not_before: 0,
            addresses: delivery.addresses.clone(),
            urgent: delivery.urgent,
            sealed: delivery.sealed.clone(),
        };
        self.join(row);
    }

    fn join(&mut self, row: Row) {
        self.last_row += 1;
        self.rows.insert(row.id, self.last_row);
        let lane = self.lanes.entry(row.lane()).or_default();
        lane.insert(self.last_row);
        self.deliveries.insert(self.last_row, row);
    }

    fn leave(&mut self, id: &DeliveryId) -> Option<Row> {
        let place = self.rows.remove(id)?;
        let row = self.deliveries.remove(&place)?;
        let lane = row.lane();
        if let Some(rows) = self.lanes.get_mut(&lane) {
            rows.remove(&place);
            if rows.is_empty() {
                self.lanes.remove(&lane);
            }
        }
        Some(row)
    }

    pub(crate) fn row(&self, id: &DeliveryId) -> Option<&Row> {
        self.deliveries.get(self.rows.get(id)?)
    }

    fn row_mut(&mut self, id: &DeliveryId) -> Option<&mut Row> {
        self.deliveries.get_mut(self.rows.get(id)?)
    }

    fn settle(&mut self, settlement: &Settlement) {
        let id = &settlement.id;
        match &settlement.step {
            Step::Delivered => self.dispose(id, None),
            Step::Withheld(code) => self.dispose(id, Some(*code)),
            Step::Retry { not_before, .. } => {
                let rejoins = self.retries_rejoin;
                let waiting = self.row_mut(id).filter(|row| row.parked.is_none());
                let Some(row) = waiting else { return };
                row.attempt += 1;
                row.not_before = not_before.unix_millis().max(1);
                if rejoins && let Some(row) = self.leave(id) {
                    self.join(row);
                }
            }
            Step::Park(reason) => self.park(id, *reason),
            Step::Rebuilt { sealed, addresses } => {
                let waiting = self.row_mut(id).filter(|row| row.parked.is_none());
                if let Some(row) = waiting {
                    row.sealed = sealed.clone();
                    row.addresses.clone_from(addresses);
                    self.rebuilt += 1;
                }
            }
        }
    }

    /// One that waits for a hold to be lifted is not parked when it was lifted meanwhile.
    fn park(&mut self, id: &DeliveryId, reason: Reason) {
        let waits_for_hold = matches!(reason, Reason::Review | Reason::Restriction);
        let subject = self.row(id).map(|row| row.subject);
        let is_held = subject.is_some_and(|subject| self.holds.contains_key(&subject));
        let waiting = self.row_mut(id).filter(|row| row.parked.is_none());
        if let Some(row) = waiting
            && (!waits_for_hold || is_held)
        {
            row.parked = Some(reason);
            row.attempt += u32::from(reason.follows_an_attempt());
            self.parked += 1;
        }
    }

    fn dispose(&mut self, id: &DeliveryId, outcome: Option<&'static str>) {
        if let Some(row) = self.leave(id) {
            let done = Done {
                sequence: row.sequence,
                flow: row.sealed.grant().flow.clone(),
                subject: row.subject,
                outcome,
            };
            self.done.insert(*id, done);
        }
    }

    fn rule(&mut self, ruling: &ParkedRuling) -> bool {
        match (&ruling.item, ruling.action) {
            (ParkedItem::Delivery(id), action) => {
                let parked = self.row_mut(id).filter(|row| row.parked.is_some());
                let Some(row) = parked else { return false };
                if action == ParkedAction::Retry {
                    row.parked = None;
                    row.not_before = 1;
                } else {
                    self.dispose(id, Some(DROPPED));
                }
            }
            (ParkedItem::Message(sequence), action) => {
                if !self.is_parked(sequence.0) {
                    return false;
                }
                // No run gives a message up.
                assert_eq!(action, ParkedAction::Retry);
                self.outcomes.remove(&sequence.0);
                self.decisions.remove(&sequence.0);
                self.open.insert(sequence.0, true);
            }
        }
        true
    }

    /// Whether a message, or a part of it, waits for a person.
    pub(crate) fn is_parked(&self, sequence: u64) -> bool {
        let whole = matches!(self.outcomes.get(&sequence), Some(Outcome::Parked(_)));
        let decisions = self.decisions.get(&sequence);
        let mut parts = decisions.into_iter().flatten();
        whole || parts.any(|one| matches!(one.verdict, Verdict::Parked(_)))
    }

    /// Records a word, and takes the payloads of what is queued for these flows.
    pub(crate) fn say(
        &mut self,
        subject: SubjectKey,
        category: &str,
        (choice, recorded_at): (ConsentChoice, Timestamp),
        takes_back: &[FlowId],
    ) {
        let words = self.consents.entry((subject, category.to_owned()));
        let words = words.or_default();
        words.push(Consent {
            choice,
            version: words.len() as u64 + 1,
            recorded_at,
        });
        for row in self.deliveries.values_mut() {
            if row.subject == subject && takes_back.contains(&row.sealed.grant().flow) {
                let grant = row.sealed.grant().clone();
                row.sealed = SealedDisclosure::from_stored(grant, row.sealed.key(), Vec::new());
                row.not_before = row.not_before.min(1);
            }
        }
    }

    /// Places a hold or lifts it; what was parked for one goes on then.
    pub(crate) fn set_hold(&mut self, subject: SubjectKey, hold: Option<Hold>) {
        if let Some(hold) = hold {
            self.holds.insert(subject, hold);
            return;
        }
        self.holds.remove(&subject);
        for row in self.deliveries.values_mut() {
            if row.subject == subject
                && matches!(row.parked, Some(Reason::Review | Reason::Restriction))
            {
                row.parked = None;
                row.not_before = 1;
            }
        }
    }

    pub(crate) fn newest_word(&self, subject: SubjectKey, category: &str) -> Option<Consent> {
        let words = self.consents.get(&(subject, category.to_owned()))?;
        words.last().copied()
    }
}
