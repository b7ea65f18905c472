//! What the gate would release of messages, if patients allowed everything that is
//! asked for; nothing is stored, sealed or sent.

use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::ConsentChoice;
use isthmus_core::destination::Outbound;
use isthmus_core::id::{DeliveryId, SenderId, Sequence, SubjectKey};
use isthmus_core::privacy::circumstances::Circumstances;
use isthmus_core::privacy::disclosure::Disclosure;
use isthmus_core::privacy::flow::Flow;
use isthmus_core::privacy::release::Release;
use isthmus_core::record::Record;
use isthmus_core::shaper::ShapingContext;
use serde::Serialize;

use crate::failure::Failure;
use crate::rules::Rules;
use crate::willing_patients::WillingPatients;

/// A flow by which nothing would leave.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Withheld {
    pub(crate) flow: String,
    pub(crate) why: String,
}

/// What one message would give.
pub(crate) struct DryRelease<'r> {
    rules: &'r Rules,
    /// The message's place in the file, from 1.
    sequence: u64,
    record: Record,
    now: Timestamp,
}

/// Translates messages of a sender.
///
/// # Errors
/// The first message that would be parked.
pub(crate) fn release<'r>(
    rules: &'r Rules,
    messages: &[Vec<u8>],
    sender: &SenderId,
    now: Timestamp,
) -> Result<Vec<DryRelease<'r>>, Failure> {
    let translate = |(sequence, message): (u64, &Vec<u8>)| {
        let translated = rules.translator.resources(sender, now, message, None);
        let translated = translated.map_err(|refusal| {
            Failure::Run(format!("message {sequence} would be parked: {refusal}"))
        })?;
        Ok(DryRelease {
            rules,
            sequence,
            record: Record {
                subject: SubjectKey::from_bytes([0; 16]),
                resources: translated.translation.resources,
                message: Some(translated.source),
            },
            now,
        })
    };
    (1..).zip(messages).map(translate).collect()
}

impl DryRelease<'_> {
    /// What would be handed to a recipient, and by which of its flows nothing would.
    pub(crate) fn for_recipient(&self, recipient: &str) -> (Vec<Outbound>, Vec<Withheld>) {
        let (mut batch, mut withheld) = (Vec::new(), Vec::new());
        let flows = self.rules.policies.flows().iter();
        for flow in flows.filter(|flow| flow.recipient().id.as_str() == recipient) {
            match self.disclosures(flow) {
                Ok(disclosures) => {
                    batch.extend(disclosures.into_iter().map(|one| self.outbound(one)));
                }
                Err(why) => withheld.push(Withheld {
                    flow: flow.terms().id.to_string(),
                    why,
                }),
            }
        }
        (batch, withheld)
    }

    fn disclosures(&self, flow: &Flow) -> Result<Vec<Disclosure>, String> {
        let circumstances = Circumstances {
            addresses: &[],
            consents: &WillingPatients,
            now: self.now,
        };
        let granted = match flow.release(&self.record, &circumstances) {
            Release::Granted(granted) => granted,
            Release::Withheld(reason) => return Err(reason.to_owned()),
        };
        let shaper = self.rules.shapers.get(&flow.terms().id).map(AsRef::as_ref);
        let asked = shaper
            .into_iter()
            .flat_map(|shaper| &shaper.reads().consents);
        let context = ShapingContext {
            delivery: DeliveryId::from_bytes([0; 16]),
            received_at: self.now,
            consents: asked
                .map(|one| (one.clone(), ConsentChoice::OptIn))
                .collect(),
        };
        let disclosures = granted.shape(shaper, &context);
        disclosures.map_err(|refusal| refusal.to_string())
    }

    fn outbound(&self, disclosure: Disclosure) -> Outbound {
        Outbound {
            id: DeliveryId::from_bytes([0; 16]),
            sequence: Sequence(self.sequence),
            created_at: self.now,
            attempt: 1,
            recovered: false,
            disclosure,
        }
    }
}
