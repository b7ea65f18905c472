//! Release: asks the gate about every record for every flow, and notes its answers for the ledger.
//! What is granted is decided in `isthmus_core::privacy`, shaped and sealed in `shaping`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use isthmus_core::consent_store::ConsentView;
use isthmus_core::id::{FlowId, SubjectKey};
use isthmus_core::journal::{Decision, DecisionEntry, NewDelivery, Verdict};
use isthmus_core::ledger::{LedgerSubject, LedgerTerms};
use isthmus_core::name_lists::Names;
use isthmus_core::privacy::circumstances::Circumstances;
use isthmus_core::privacy::flow::Flow;
use isthmus_core::privacy::release::{self, Release};
use isthmus_core::record::Record;
use isthmus_core::refusal::{Reason, Refusal};

use crate::asked::{Asked, Origin};
use crate::ledger_notes::{decision, entry};
use crate::rules_in_force::RulesInForce;
use crate::shaping::{Sealed, Shaping};

/// Everything that release needs; one for all messages.
pub struct ReleaseStage {
    /// What shapes and seals that which is granted.
    pub shaping: Shaping,
}

impl std::fmt::Debug for ReleaseStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReleaseStage")
            .field("shaping", &self.shaping)
            .finish_non_exhaustive()
    }
}

/// What one message gave.
#[derive(Debug, Default)]
pub struct Released {
    /// One entry a record and flow.
    pub decisions: Vec<Decision>,
    /// The sealed records.
    pub deliveries: Vec<NewDelivery>,
    /// What the ledger keeps of the decisions.
    pub entries: Vec<DecisionEntry>,
}

impl ReleaseStage {
    /// Decides on every record for every flow.
    ///
    /// # Errors
    /// When what the ledger keeps cannot be sealed: nothing is decided then.
    pub fn release(
        &self,
        rules: &RulesInForce,
        origin: Origin,
        records: &[Record],
    ) -> Result<Released, Refusal> {
        let consents = self.shaping.consents.view();
        self.release_to(rules, consents.as_ref(), origin, records, None)
    }

    /// Decides on every record for every flow, or on those of this patient for this flow alone.
    ///
    /// # Errors
    /// When what the ledger keeps cannot be sealed: nothing is decided then.
    pub fn release_to(
        &self,
        rules: &RulesInForce,
        consents: &dyn ConsentView,
        origin: Origin,
        records: &[Record],
        only: Option<(&FlowId, &SubjectKey)>,
    ) -> Result<Released, Refusal> {
        let shaping = &self.shaping;
        let asked = (0..)
            .zip(records)
            .filter(|(_, record)| only.is_none_or(|(_, subject)| *subject == record.subject))
            .map(|(place, record)| {
                let keys = shaping.keys.as_ref();
                let (digester, names) = (&shaping.digester, shaping.names.as_ref());
                Asked::of(record, place, origin, keys, digester, names, consents)
            });
        let asked: Vec<Asked<'_>> = asked.collect::<Result<_, Refusal>>()?;
        let mut released = Released::default();
        let flows = rules.policies.flows().iter();
        for flow in flows.filter(|flow| only.is_none_or(|(id, _)| *id == flow.terms().id)) {
            for one in &asked {
                let verdict = self.guarded(rules, origin, one, flow, &mut released);
                released.decisions.push(Decision {
                    recipient: flow.recipient().id.clone(),
                    flow: flow.terms().id.clone(),
                    flow_version: flow.terms().version,
                    verdict,
                });
            }
        }
        Ok(released)
    }

    /// Decides behind a wall: a panic in the gate or in a map parks this record for this flow and
    /// leaves no half of it behind.
    fn guarded(
        &self,
        rules: &RulesInForce,
        origin: Origin,
        asked: &Asked<'_>,
        flow: &Flow,
        released: &mut Released,
    ) -> Verdict {
        let decide = || self.decide(rules, origin, asked, flow);
        let (verdict, sealed, withheld) =
            catch_unwind(AssertUnwindSafe(decide)).unwrap_or_else(|_panic| {
                let refusal = Refusal::park(Reason::Unshapeable).by("the gate or a map panicked");
                (Verdict::Parked(refusal), Vec::new(), Names::default())
            });
        let terms = terms_of(flow, sealed.first());
        let note = |outcome: &str, reason: Option<&str>, subject: LedgerSubject| {
            let delivery = subject.delivery;
            let fact = decision(origin.now, outcome, reason, terms.clone(), subject);
            let entry = entry(&fact, &asked.ledger_key);
            DecisionEntry { delivery, entry }
        };
        let nothing = || LedgerSubject {
            subject: asked.record.subject,
            message: origin.sequence,
            delivery: None,
            released: Names::default(),
            withheld: Arc::clone(&withheld),
            digest: None,
        };
        match &verdict {
            Verdict::Released(_) => {
                for one in sealed {
                    released.entries.push(note("released", None, one.fact));
                    released.deliveries.push(one.delivery);
                }
            }
            Verdict::Withheld(reason) => {
                released
                    .entries
                    .push(note("withheld", Some(reason), nothing()));
            }
            Verdict::Parked(refusal) => {
                let reason = refusal.reason.code();
                released
                    .entries
                    .push(note("parked", Some(reason), nothing()));
            }
        }
        verdict
    }

    /// The verdict, what leaves, and the names of what the message has and the flow does not
    /// grant.
    fn decide(
        &self,
        rules: &RulesInForce,
        origin: Origin,
        asked: &Asked<'_>,
        flow: &Flow,
    ) -> (Verdict, Vec<Sealed>, Names) {
        let all = (asked.record.resources.as_slice(), asked.print);
        let names = &self.shaping.names;
        let circumstances = Circumstances {
            addresses: &asked.addresses,
            consents: asked.consents,
            now: origin.now,
        };
        let granted = match flow.release(asked.record, &circumstances) {
            Release::Granted(granted) => granted,
            Release::Withheld(reason) => {
                let withheld = flow.withheld_message(asked.record);
                let withheld = withheld.unwrap_or_else(|| names.withheld(all, &[]));
                return (not_released(reason), Vec::new(), withheld);
            }
        };
        let withheld = match granted.withheld_of_message() {
            Some(withheld) => Arc::clone(withheld),
            None => names.withheld(all, granted.resources()),
        };
        let shaper = rules.shapers.get(&flow.terms().id).map(AsRef::as_ref);
        let how = (flow, shaper);
        let sealed = self.shaping.shape(origin, asked, how, granted, &withheld);
        match sealed {
            Ok(sealed) if sealed.is_empty() => (
                Verdict::Withheld(release::NOTHING_TO_SEND),
                sealed,
                withheld,
            ),
            Ok(sealed) => {
                let count = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
                (Verdict::Released(count), sealed, withheld)
            }
            Err(refusal) => (Verdict::Parked(refusal), Vec::new(), withheld),
        }
    }
}

/// Nothing leaves, for good; or not before a person says so, when what the patient said is not
/// known.
fn not_released(reason: &'static str) -> Verdict {
    match reason {
        release::CONSENT_UNAVAILABLE => Verdict::Parked(Refusal::park(Reason::ConsentUnavailable)),
        release::CONSENT_LOST => Verdict::Parked(Refusal::park(Reason::ConsentLost)),
        reason => Verdict::Withheld(reason),
    }
}

/// Under which rule: with the consent's version when something was granted.
fn terms_of(flow: &Flow, sealed: Option<&Sealed>) -> LedgerTerms {
    let granted = sealed.map(|one| LedgerTerms::from(one.delivery.sealed.grant()));
    granted.unwrap_or_else(|| LedgerTerms {
        recipient: flow.recipient().id.clone(),
        flow: flow.terms().id.clone(),
        flow_version: flow.terms().version,
        purpose: flow.terms().purpose.code().to_owned(),
        policy_hash: *flow.policy_hash(),
        consent_version: None,
    })
}
