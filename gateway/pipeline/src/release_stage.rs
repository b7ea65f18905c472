//! Release of one record: asks the gate for every flow, shapes what was granted and seals it. What
//! is granted is decided in `isthmus_core::privacy`.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use isthmus_core::address::{AddressDigest, addresses};
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{ConsentChoice, ConsentStore};
use isthmus_core::field_names::{self, Present};
use isthmus_core::id::{FlowId, MessageId, Sequence};
use isthmus_core::journal::{Decision, NewDelivery, Verdict};
use isthmus_core::key_ring::{KeyClass, KeyError, KeyOwner, KeyRing, SealingKey};
use isthmus_core::ledger::{LedgerEntry, LedgerSubject, LedgerTerms, sha256};
use isthmus_core::privacy::circumstances::Circumstances;
use isthmus_core::privacy::disclosure::Disclosure;
use isthmus_core::privacy::flow::Flow;
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::privacy::release::{self, Release};
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::record::Record;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::shaper::{Shaper, ShapingContext};
use isthmus_core::subject::Digester;

use crate::ledger_notes::{decision, entry, ledger_key};

/// Everything that release needs; one for all messages.
pub struct ReleaseStage {
    /// The policies in force.
    pub policies: Arc<PolicySet>,
    /// The map of each flow.
    pub shapers: BTreeMap<FlowId, Arc<dyn Shaper>>,
    /// What patients allowed.
    pub consents: Arc<dyn ConsentStore>,
    /// The keys that seal deliveries.
    pub keys: Arc<dyn KeyRing>,
    /// Makes delivery ids.
    pub digester: Digester,
}

impl std::fmt::Debug for ReleaseStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReleaseStage")
            .field("flows", &self.shapers.len())
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
    pub entries: Vec<LedgerEntry>,
}

/// The message whose records are released.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// Which message.
    pub id: MessageId,
    /// Its place in the journal.
    pub sequence: Sequence,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// A record and what every flow is asked about it with.
struct Asked<'r> {
    record: &'r Record,
    present: Present,
    addresses: Vec<AddressDigest>,
    ledger_key: Arc<SealingKey>,
}

/// What the gate granted of a record for a flow, shaped and sealed.
struct Sealed {
    delivery: NewDelivery,
    fact: LedgerSubject,
}

impl ReleaseStage {
    /// Decides on every record for every flow.
    pub fn release(&self, origin: Origin, records: &[Record]) -> Result<Released, Refusal> {
        self.release_to(origin, records, None)
    }

    /// Decides on every record for every flow, or for this one alone.
    ///
    /// # Errors
    /// When what the ledger keeps cannot be sealed: nothing is decided then.
    pub fn release_to(
        &self,
        origin: Origin,
        records: &[Record],
        only: Option<&FlowId>,
    ) -> Result<Released, Refusal> {
        let asked = records.iter().map(|record| self.asked(origin, record));
        let asked: Vec<Asked<'_>> = asked.collect::<Result<_, Refusal>>()?;
        let mut released = Released::default();
        let flows = self.policies.flows().iter();
        for flow in flows.filter(|flow| only.is_none_or(|id| *id == flow.terms().id)) {
            let mut index = 0;
            for one in &asked {
                let verdict = self.guarded(origin, one, flow, &mut index, &mut released);
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

    fn asked<'r>(&self, origin: Origin, record: &'r Record) -> Result<Asked<'r>, Refusal> {
        let ledger_key = ledger_key(self.keys.as_ref(), record.subject, origin.now);
        let addresses = addresses(&record.resources).into_iter();
        Ok(Asked {
            record,
            present: Present::of(&record.resources),
            addresses: addresses.map(|one| self.digester.address(&one)).collect(),
            ledger_key: ledger_key.map_err(|error| unusable(&error))?,
        })
    }

    /// Decides behind a wall: a panic in the gate or in a map parks this record for this flow and
    /// leaves no half of it behind.
    fn guarded(
        &self,
        origin: Origin,
        asked: &Asked<'_>,
        flow: &Flow,
        index: &mut u32,
        released: &mut Released,
    ) -> Verdict {
        let first = *index;
        let decide = || self.decide(origin, asked, flow, index);
        let (verdict, sealed, withheld) =
            catch_unwind(AssertUnwindSafe(decide)).unwrap_or_else(|_panic| {
                *index = first;
                let refusal = Refusal::park(Reason::Unshapeable).by("the gate or a map panicked");
                (Verdict::Parked(refusal), Vec::new(), Vec::new())
            });
        let terms = terms_of(flow, sealed.first());
        let note = |outcome: &str, reason: Option<&str>, subject: LedgerSubject| {
            let fact = decision(origin.now, outcome, reason, terms.clone(), subject);
            entry(&fact, &asked.ledger_key)
        };
        let nothing = || LedgerSubject {
            subject: asked.record.subject,
            message: origin.sequence,
            delivery: None,
            released: Vec::new(),
            withheld: withheld.clone(),
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
        origin: Origin,
        asked: &Asked<'_>,
        flow: &Flow,
        index: &mut u32,
    ) -> (Verdict, Vec<Sealed>, Vec<String>) {
        let all = || asked.present.beyond(&Present::default());
        let circumstances = Circumstances {
            addresses: &asked.addresses,
            consents: self.consents.as_ref(),
            now: origin.now,
        };
        let granted = match flow.release(asked.record, &circumstances) {
            Release::Granted(granted) => granted,
            Release::Withheld(reason) => return (Verdict::Withheld(reason), Vec::new(), all()),
        };
        let withheld = asked.present.beyond(&Present::of(granted.resources()));
        let parked = |refusal| (Verdict::Parked(refusal), Vec::new(), withheld.clone());
        let Some(shaper) = self.shapers.get(&flow.terms().id) else {
            return parked(Refusal::park(Reason::Unshapeable).by("the flow has no map"));
        };
        let Some(consents) = self.choices(asked.record, shaper.as_ref()) else {
            let reason = release::CONSENT_UNAVAILABLE;
            return (Verdict::Withheld(reason), Vec::new(), all());
        };
        let context = ShapingContext {
            delivery: self.digester.delivery(&origin.id, &flow.terms().id, *index),
            received_at: origin.received_at,
            consents,
        };
        let sealed = granted
            .shape(shaper.as_ref(), &context)
            .and_then(|shaped| self.seal(origin, asked, flow, index, &shaped, &withheld));
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
            Err(refusal) => parked(refusal),
        }
    }

    /// What the patient chose in the categories that a map asks for; None when that cannot be read.
    fn choices(
        &self,
        record: &Record,
        shaper: &dyn Shaper,
    ) -> Option<Vec<(String, ConsentChoice)>> {
        let mut choices = Vec::new();
        for category in &shaper.reads().consents {
            let consent = self.consents.consent(&record.subject, category).ok()?;
            choices.extend(consent.map(|consent| (category.clone(), consent.choice)));
        }
        Some(choices)
    }

    fn seal(
        &self,
        origin: Origin,
        asked: &Asked<'_>,
        flow: &Flow,
        index: &mut u32,
        shaped: &[Disclosure],
        withheld: &[String],
    ) -> Result<Vec<Sealed>, Refusal> {
        let subject = asked.record.subject;
        let key = self
            .keys
            .sealing_key(&KeyOwner::Subject(subject), KeyClass::Delivery, origin.now)
            .map_err(|error| unusable(&error))?;
        let addresses = flow.asks_suppression().then_some(&asked.addresses);
        let seal = |disclosure: &Disclosure| {
            let id = self.digester.delivery(&origin.id, &flow.terms().id, *index);
            *index += 1;
            let sealed = SealedDisclosure::seal(disclosure, &key);
            let content = disclosure.content().reveal();
            Ok(Sealed {
                delivery: NewDelivery {
                    id,
                    subject,
                    addresses: addresses.cloned().unwrap_or_default(),
                    sealed: sealed.map_err(|error| unusable(&error))?,
                },
                fact: LedgerSubject {
                    subject,
                    message: origin.sequence,
                    delivery: Some(id),
                    released: field_names::of_record(content),
                    withheld: withheld.to_vec(),
                    digest: Some(sha256(content)),
                },
            })
        };
        shaped.iter().map(seal).collect()
    }
}

/// Keys that cannot be had: the message waits for a person.
fn unusable(error: &KeyError) -> Refusal {
    tracing::error!(%error, "a disclosure was not sealed");
    Refusal::park(Reason::StoreUnavailable)
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
