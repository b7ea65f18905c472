//! Release of one record: asks the gate for every flow, shapes what was granted and seals it. What
//! is granted is decided in `isthmus_core::privacy`.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{ConsentChoice, ConsentStore};
use isthmus_core::id::{FlowId, MessageId};
use isthmus_core::journal::{Decision, NewDelivery, Verdict};
use isthmus_core::key_ring::{KeyClass, KeyOwner, KeyRing};
use isthmus_core::privacy::disclosure::Disclosure;
use isthmus_core::privacy::flow::Flow;
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::privacy::release::{self, Release};
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::record::Record;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::shaper::{Shaper, ShapingContext};
use isthmus_core::subject::Digester;

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
}

/// The message whose records are released.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// Which message.
    pub id: MessageId,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

impl ReleaseStage {
    /// Decides on every record for every flow.
    pub fn release(&self, origin: Origin, records: &[Record]) -> Released {
        let mut released = Released::default();
        for flow in self.policies.flows() {
            let mut index = 0;
            for record in records {
                let verdict = self.guarded(origin, record, flow, &mut index, &mut released);
                released.decisions.push(Decision {
                    recipient: flow.recipient().id.clone(),
                    flow: flow.terms().id.clone(),
                    flow_version: flow.terms().version,
                    verdict,
                });
            }
        }
        released
    }

    /// Decides behind a wall: a panic in the gate or in a map parks this record for this flow and
    /// leaves no half of it behind.
    fn guarded(
        &self,
        origin: Origin,
        record: &Record,
        flow: &Flow,
        index: &mut u32,
        released: &mut Released,
    ) -> Verdict {
        let (first, deliveries) = (*index, released.deliveries.len());
        let decide = || self.decide(origin, record, flow, index, &mut released.deliveries);
        catch_unwind(AssertUnwindSafe(decide)).unwrap_or_else(|_panic| {
            *index = first;
            released.deliveries.truncate(deliveries);
            Verdict::Parked(Refusal::park(Reason::Unshapeable).by("the gate or a map panicked"))
        })
    }

    fn decide(
        &self,
        origin: Origin,
        record: &Record,
        flow: &Flow,
        index: &mut u32,
        deliveries: &mut Vec<NewDelivery>,
    ) -> Verdict {
        let granted = match flow.release(record, self.consents.as_ref(), origin.now) {
            Release::Granted(granted) => granted,
            Release::Withheld(reason) => return Verdict::Withheld(reason),
        };
        let Some(shaper) = self.shapers.get(&flow.terms().id) else {
            return Verdict::Parked(Refusal::park(Reason::Unshapeable).by("the flow has no map"));
        };
        let Some(consents) = self.choices(record, shaper.as_ref()) else {
            return Verdict::Withheld(release::CONSENT_UNAVAILABLE);
        };
        let context = ShapingContext {
            delivery: self.digester.delivery(&origin.id, &flow.terms().id, *index),
            received_at: origin.received_at,
            consents,
        };
        let sealed = granted
            .shape(shaper.as_ref(), &context)
            .and_then(|shaped| self.seal(origin, record, flow, index, &shaped));
        match sealed {
            Ok(sealed) if sealed.is_empty() => Verdict::Withheld("nothing-to-send"),
            Ok(mut sealed) => {
                let count = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
                deliveries.append(&mut sealed);
                Verdict::Released(count)
            }
            Err(refusal) => Verdict::Parked(refusal),
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
        record: &Record,
        flow: &Flow,
        index: &mut u32,
        shaped: &[Disclosure],
    ) -> Result<Vec<NewDelivery>, Refusal> {
        let owner = KeyOwner::Subject(record.subject);
        let unusable = |error| {
            tracing::error!(%error, "a disclosure was not sealed");
            Refusal::park(Reason::StoreUnavailable)
        };
        let key = self
            .keys
            .sealing_key(&owner, KeyClass::Delivery, origin.now)
            .map_err(unusable)?;
        let seal = |disclosure| {
            let id = self.digester.delivery(&origin.id, &flow.terms().id, *index);
            *index += 1;
            let sealed = SealedDisclosure::seal(disclosure, &key).map_err(unusable)?;
            Ok(NewDelivery {
                id,
                subject: record.subject,
                sealed,
            })
        };
        shaped.iter().map(seal).collect()
    }
}
