//! Making a queued delivery again from its message, because what the patient said or the policy is
//! not what it was released under; it is never patched. When that is needed is decided in
//! `second_decision`.

use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::ConsentView;
use isthmus_core::delivery_queue::Delivery;
use isthmus_core::journal::{Backlog, Decision, DecisionEntry, JournalError, Step, Verdict};
use isthmus_core::key_ring::KeyError;
use isthmus_core::ledger::LedgerEntry;
use isthmus_core::privacy::release;
use isthmus_core::refusal::{Reason, Refusal};

use crate::asked::Origin;
use crate::release_stage::ReleaseStage;
use crate::rules_in_force::RulesInForce;
use crate::translate_stage;

/// Everything that making a delivery again needs.
pub struct RebuildStage {
    /// Where messages are read again.
    pub backlog: Arc<dyn Backlog>,
    /// From records to sealed disclosures.
    pub release: Arc<ReleaseStage>,
}

impl std::fmt::Debug for RebuildStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RebuildStage").finish_non_exhaustive()
    }
}

/// What making it again gave.
#[derive(Debug)]
pub struct Rebuilt {
    /// What follows.
    pub step: Step,
    /// What the ledger keeps of the new decision.
    pub entries: Vec<LedgerEntry>,
}

impl RebuildStage {
    /// Makes a delivery again, by these rules and what the patient says now. Without its message,
    /// or with one that no longer translates, it waits for a person, for the reason that made it
    /// stale.
    ///
    /// # Errors
    /// When the message or a key cannot be read now.
    pub fn rebuild(
        &self,
        rules: &RulesInForce,
        consents: &dyn ConsentView,
        delivery: &Delivery,
        stale: Reason,
        now: Timestamp,
    ) -> Result<Rebuilt, JournalError> {
        let Some(open) = self.backlog.message(delivery.sequence)? else {
            return Ok(parked(stale));
        };
        let flow = &delivery.sealed.grant().flow;
        let released = open.message.and_then(|message| {
            let translated = translate_stage::translate(rules.translator.as_ref(), &message)?;
            let origin = Origin {
                id: message.id,
                sequence: delivery.sequence,
                received_at: message.received_at,
                now,
            };
            let records = &translated.records;
            // What the message says of others is decided upon when theirs is made again.
            let only = Some((flow, &delivery.subject));
            self.release
                .release_to(rules, consents, origin, records, only)
        });
        let released = match released {
            Ok(released) => released,
            Err(Refusal {
                reason: Reason::StoreUnavailable,
                ..
            }) => {
                return Err(not_now("a key cannot be had now"));
            }
            Err(refusal) => return Ok(parked(refusal.reason)),
        };
        let mut deliveries = released.deliveries.into_iter();
        let same = deliveries.find(|one| one.id == delivery.id && one.subject == delivery.subject);
        let is_unread = |one: &Decision| {
            matches!(&one.verdict, Verdict::Parked(refusal)
                if matches!(refusal.reason,
                    Reason::ConsentUnavailable | Reason::StoreUnavailable))
        };
        if same.is_none() && released.decisions.iter().any(is_unread) {
            return Err(not_now(
                "what the patient said, or a key, cannot be had now",
            ));
        }
        let verdicts = released.decisions.into_iter().map(|one| one.verdict);
        let step = same.map_or_else(
            || verdicts.fold(Step::Withheld(release::NOTHING_TO_SEND), without),
            |one| Step::Rebuilt {
                sealed: one.sealed,
                addresses: one.addresses,
            },
        );
        // The message may give other records too, which are not made again now.
        let is_about_it = |one: &DecisionEntry| one.delivery.is_none_or(|id| id == delivery.id);
        let entries = released.entries.into_iter().filter(is_about_it);
        Ok(Rebuilt {
            step,
            entries: entries.map(|one| one.entry).collect(),
        })
    }
}

/// What follows when the flow does not give the delivery any more: the last word that says why. A
/// flow that is gone says nothing, and so nothing leaves.
fn without(step: Step, verdict: Verdict) -> Step {
    match verdict {
        Verdict::Withheld(code) => Step::Withheld(code),
        Verdict::Parked(refusal) => Step::Park(refusal.reason),
        Verdict::Released(_) => step,
    }
}

fn not_now(why: &str) -> JournalError {
    JournalError::Keys(KeyError::Unavailable(why.to_owned()))
}

const fn parked(reason: Reason) -> Rebuilt {
    Rebuilt {
        step: Step::Park(reason),
        entries: Vec::new(),
    }
}
