//! What is asked right before the bytes leave: opens what was drawn, asks policies and patients
//! again, and sorts into what is sent, settled, made again and given back. Which answer has which
//! consequence is told in `second_decision`; the sending is done in `deliver_loop`.

use std::collections::BTreeSet;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{ConsentStore, ConsentView};
use isthmus_core::current::Current;
use isthmus_core::delivery_queue::Delivery;
use isthmus_core::destination::Outbound;
use isthmus_core::id::DeliveryId;
use isthmus_core::journal::{Settlement, Step};
use isthmus_core::key_ring::{KeyError, KeyRing};
use isthmus_core::privacy::circumstances::Circumstances;
use isthmus_core::refusal::Reason;

use crate::ledger_notes::{AttemptNote, ledger_key};
use crate::rebuild_stage::RebuildStage;
use crate::rules_in_force::RulesInForce;
use crate::second_decision::{Payload, Ruling, decide};

/// The parts that the questions are asked of.
#[derive(Clone)]
pub struct BeforeSending {
    /// The keys that open deliveries.
    pub keys: Arc<dyn KeyRing>,
    /// The rules in force.
    pub rules: Arc<Current<RulesInForce>>,
    /// What patients allow now.
    pub consents: Arc<dyn ConsentStore>,
    /// What makes a stale delivery again.
    pub rebuild: Arc<RebuildStage>,
}

impl std::fmt::Debug for BeforeSending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BeforeSending").finish_non_exhaustive()
    }
}

/// One attempt to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Which delivery.
    pub id: DeliveryId,
    /// When it was released.
    pub created_at: Timestamp,
    /// Which attempt this is, the first being 1.
    pub number: u32,
}

/// A delivery that may be sent, and what settling it needs.
#[derive(Debug)]
pub(crate) struct Cleared {
    pub(crate) attempt: Attempt,
    /// What the ledger keeps of it.
    pub(crate) note: AttemptNote,
}

/// What was drawn, after the second decision.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    /// What is sent.
    pub(crate) cleared: Vec<(Cleared, Outbound)>,
    /// What is not sent and does not come again by itself, or comes again made anew.
    pub(crate) settlements: Vec<Settlement>,
    /// What is not sent now.
    pub(crate) given_back: Vec<DeliveryId>,
    /// Something that has to be known could not be read.
    pub(crate) waits: bool,
}

impl BeforeSending {
    /// Takes the second decision on what was drawn. Behind a delivery that stays, nothing of its
    /// patient is sent. Everything is opened first, so that nothing lies between the decision
    /// and the sending; the newest rules decide.
    pub(crate) fn sort(&self, drawn: &[Delivery], now: Timestamp) -> Sorted {
        let opened: Vec<_> = drawn
            .iter()
            .map(|delivery| self.open(delivery, now))
            .collect();
        let rules = self.rules.get();
        let consents = self.consents.view();
        let mut sorted = Sorted::default();
        let mut held = BTreeSet::new();
        for (delivery, opened) in drawn.iter().zip(opened) {
            let id = delivery.id;
            if held.contains(&delivery.subject) {
                sorted.given_back.push(id);
                continue;
            }
            let Ok((payload, note)) = opened else {
                held.insert(delivery.subject);
                sorted.given_back.push(id);
                sorted.waits = true;
                continue;
            };
            match decide(permitted(&rules, delivery, consents.as_ref(), now), payload) {
                Ruling::Send(outbound) => {
                    let attempt = Attempt {
                        id,
                        created_at: delivery.created_at,
                        number: delivery.attempt,
                    };
                    sorted.cleared.push((Cleared { attempt, note }, outbound));
                }
                Ruling::Settle(step) => {
                    if !matches!(step, Step::Withheld(_)) {
                        held.insert(delivery.subject);
                    }
                    sorted.settlements.push(not_sent(id, now, step, &note));
                }
                Ruling::Rebuild(stale) => {
                    held.insert(delivery.subject);
                    let asked = (&*rules, consents.as_ref());
                    if let Some(settlement) = self.rebuilt(asked, delivery, stale, now, &note) {
                        sorted.settlements.push(settlement);
                    } else {
                        sorted.given_back.push(id);
                        sorted.waits = true;
                    }
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

    /// What there is of a delivery, and the note of what becomes of it. Fails when the ledger's
    /// key cannot be had: what cannot be noted is not sent.
    fn open(
        &self,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<(Payload<Outbound>, AttemptNote), KeyError> {
        let key = ledger_key(self.keys.as_ref(), delivery.subject, now)?;
        let note = |disclosure: Option<&Outbound>| {
            let disclosure = disclosure.map(|outbound| &outbound.disclosure);
            AttemptNote::new(
                delivery,
                disclosure,
                key,
                &self.rebuild.release.shaping.names,
            )
        };
        if delivery.sealed.is_tombstone() {
            return Ok((Payload::Tombstone, note(None)));
        }
        let opening = self.keys.opening_key(delivery.sealed.key());
        match opening.and_then(|key| delivery.sealed.open(&key)) {
            Ok(disclosure) => {
                let outbound = Outbound {
                    id: delivery.id,
                    sequence: delivery.sequence,
                    created_at: delivery.created_at,
                    attempt: delivery.attempt,
                    recovered: delivery.recovered,
                    disclosure,
                };
                let note = note(Some(&outbound));
                Ok((Payload::Opened(outbound), note))
            }
            Err(error) => {
                tracing::error!(id = %delivery.id, %error, "not opened");
                Ok((Payload::Locked(error), note(None)))
            }
        }
    }

    /// The settlement of a delivery that was made again; None when that cannot be done now.
    fn rebuilt(
        &self,
        (rules, consents): (&RulesInForce, &dyn ConsentView),
        delivery: &Delivery,
        stale: Reason,
        now: Timestamp,
        note: &AttemptNote,
    ) -> Option<Settlement> {
        let rebuilt = self.rebuild.rebuild(rules, consents, delivery, stale, now);
        let rebuilt = rebuilt.inspect_err(|error| {
            tracing::error!(id = %delivery.id, %error, "not made again");
        });
        let rebuilt = rebuilt.ok()?;
        tracing::info!(id = %delivery.id, %stale, "made again from its message");
        let mut entries = vec![note.not_sent(now, "withheld", stale.code())];
        entries.extend(rebuilt.entries);
        Some(Settlement {
            id: delivery.id,
            at: now,
            step: rebuilt.step,
            entries,
        })
    }
}

/// Whether the policies and the patient still allow it.
fn permitted(
    rules: &RulesInForce,
    delivery: &Delivery,
    consents: &dyn ConsentView,
    now: Timestamp,
) -> Result<(), &'static str> {
    let circumstances = Circumstances {
        addresses: &delivery.addresses,
        consents,
        now,
    };
    let grant = delivery.sealed.grant();
    rules
        .policies
        .still_permits(grant, &delivery.subject, &circumstances)
}

/// The settlement of a delivery that is not sent.
fn not_sent(id: DeliveryId, now: Timestamp, step: Step, note: &AttemptNote) -> Settlement {
    let (outcome, reason) = match &step {
        Step::Park(reason) => ("parked", reason.code()),
        Step::Withheld(code) => ("withheld", *code),
        Step::Delivered | Step::Retry { .. } | Step::Rebuilt { .. } => ("withheld", "not-sent"),
    };
    tracing::warn!(%id, outcome, reason, "not sent");
    Settlement {
        id,
        at: now,
        entries: vec![note.not_sent(now, outcome, reason)],
        step,
    }
}
