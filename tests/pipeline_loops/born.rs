//! The patient of these tests, and maps that give them and hand them on as they are; what is
//! released of them is in `released`.

use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::{DeliveryId, FlowId, MessageId, SubjectKey};
use isthmus_core::read_set::ReadSet;
use isthmus_core::record::Record;
use isthmus_core::refusal::Refusal;
use isthmus_core::shaper::{Shaper, ShapingContext};
use isthmus_core::subject::Digester;
use isthmus_core::translator::{Translated, Translator};
use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::resource::Resource;

/// A patient of whom the birth date is known.
pub(crate) fn born(patient: u8) -> Record {
    let born = Object::new()
        .with("resourceType", "Patient")
        .with("birthDate", "1980-05-06");
    Record {
        subject: SubjectKey::from_bytes([patient; 16]),
        resources: vec![Resource::try_from(born).unwrap()],
        message: None,
    }
}

/// Hands the granted patient on as it is.
pub(crate) struct Same(pub(crate) ReadSet);

impl Shaper for Same {
    fn map(&self) -> &'static str {
        "same 1"
    }

    fn reads(&self) -> &ReadSet {
        &self.0
    }

    fn shape(&self, granted: &[Resource], _: &ShapingContext) -> Result<Vec<Element>, Refusal> {
        Ok(granted
            .iter()
            .map(|one| Element::Object(one.object().clone()))
            .collect())
    }
}

/// The id under which the message of delivery 1 gives its record.
pub(crate) fn given() -> DeliveryId {
    let (message, flow) = (MessageId::from_bytes([1; 16]), FlowId::new("newsletter"));
    Digester::new(&[1; 32]).delivery(&message, &flow, 0, 0)
}

/// Translates every message to patient 1, born in 1980.
pub(crate) struct Born;

impl Translator for Born {
    fn translate(&self, _: &Envelope<RawMessage>) -> Result<Translated, Refusal> {
        Ok(Translated {
            records: vec![born(1)],
            map: "m 1".to_owned(),
            warnings: Vec::new(),
        })
    }
}
