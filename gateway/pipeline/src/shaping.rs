//! Shaping and sealing of what was granted: by the flow's map into the recipient's records, then
//! under the patient's key. What is granted is decided before, in `release_stage`.

use std::sync::Arc;

use isthmus_core::consent_store::{ConsentChoice, ConsentStore, ConsentUnavailable};
use isthmus_core::id::DeliveryId;
use isthmus_core::journal::NewDelivery;
use isthmus_core::key_ring::{KeyClass, KeyOwner, KeyRing};
use isthmus_core::ledger::{LedgerSubject, sha256};
use isthmus_core::name_lists::{NameLists, Names};
use isthmus_core::privacy::disclosure::Disclosure;
use isthmus_core::privacy::flow::Flow;
use isthmus_core::privacy::granted_record::GrantedRecord;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::shaper::{Shaper, ShapingContext};
use isthmus_core::subject::Digester;

use crate::asked::{Asked, Origin, unusable};

/// What shapes and seals; one for all messages.
pub struct Shaping {
    /// What patients allowed.
    pub consents: Arc<dyn ConsentStore>,
    /// The keys that seal deliveries.
    pub keys: Arc<dyn KeyRing>,
    /// Makes delivery ids.
    pub digester: Digester,
    /// The names of fields, for the ledger.
    pub names: Arc<NameLists>,
}

impl std::fmt::Debug for Shaping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shaping")
    }
}

/// What the gate granted of a record for a flow, shaped and sealed.
pub(crate) struct Sealed {
    pub(crate) delivery: NewDelivery,
    pub(crate) fact: LedgerSubject,
}

impl Shaping {
    /// Shapes and seals what was granted for a flow, by its map if it has one.
    ///
    /// # Errors
    /// Also when what the map asks of the patient's consents is not known.
    pub(crate) fn shape(
        &self,
        origin: Origin,
        asked: &Asked<'_>,
        (flow, shaper): (&Flow, Option<&dyn Shaper>),
        granted: GrantedRecord,
        withheld: &Names,
    ) -> Result<Vec<Sealed>, Refusal> {
        let consents = choices(asked, shaper);
        let consents = consents.map_err(|error| {
            Refusal::park(match error {
                ConsentUnavailable::Now(_) => Reason::ConsentUnavailable,
                ConsentUnavailable::Lost(_) => Reason::ConsentLost,
            })
        })?;
        let context = ShapingContext {
            delivery: self.delivery_id(origin, asked, flow, 0),
            received_at: origin.received_at,
            consents,
        };
        let disclosures = granted.shape(shaper, &context)?;
        self.seal(origin, asked, flow, &disclosures, withheld)
    }

    fn delivery_id(
        &self,
        origin: Origin,
        asked: &Asked<'_>,
        flow: &Flow,
        index: u32,
    ) -> DeliveryId {
        let flow = &flow.terms().id;
        self.digester.delivery(&origin.id, flow, asked.place, index)
    }

    fn seal(
        &self,
        origin: Origin,
        asked: &Asked<'_>,
        flow: &Flow,
        shaped: &[Disclosure],
        withheld: &Names,
    ) -> Result<Vec<Sealed>, Refusal> {
        let subject = asked.record.subject;
        let key = self
            .keys
            .sealing_key(&KeyOwner::Subject(subject), KeyClass::Delivery, origin.now)
            .map_err(|error| unusable(&error))?;
        let addresses = flow.asks_suppression().then_some(&asked.addresses);
        let seal = |(index, disclosure): (u32, &Disclosure)| {
            let id = self.delivery_id(origin, asked, flow, index);
            let sealed = SealedDisclosure::seal(disclosure, &key);
            let content = disclosure.content().reveal();
            Ok(Sealed {
                delivery: NewDelivery {
                    id,
                    subject,
                    addresses: addresses.cloned().unwrap_or_default(),
                    urgent: flow.terms().urgent,
                    sealed: sealed.map_err(|error| unusable(&error))?,
                },
                fact: LedgerSubject {
                    subject,
                    message: origin.sequence,
                    delivery: Some(id),
                    released: self.names.of_record(content),
                    withheld: Arc::clone(withheld),
                    digest: Some(sha256(content)),
                },
            })
        };
        (0..).zip(shaped).map(seal).collect()
    }
}

/// What the patient chose in the categories that a map asks for.
fn choices(
    asked: &Asked<'_>,
    shaper: Option<&dyn Shaper>,
) -> Result<Vec<(String, ConsentChoice)>, ConsentUnavailable> {
    let mut choices = Vec::new();
    for category in shaper
        .into_iter()
        .flat_map(|shaper| &shaper.reads().consents)
    {
        let consent = asked.consents.consent(&asked.record.subject, category)?;
        choices.extend(consent.map(|consent| (category.clone(), consent.choice)));
    }
    Ok(choices)
}
