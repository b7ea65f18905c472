//! Records on their way out, made as only the gate can make them: released under a policy and
//! shaped by a map that hands the granted patient on as it is.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentUnavailable, ConsentView};
use isthmus_core::destination::Outbound;
use isthmus_core::hold::Hold;
use isthmus_core::id::{DeliveryId, Sequence, SubjectKey};
use isthmus_core::privacy::circumstances::Circumstances;
use isthmus_core::privacy::disclosure::Disclosure;
use isthmus_core::privacy::policy_loader::{self, PolicySources};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::privacy::release::Release;
use isthmus_core::read_set::ReadSet;
use isthmus_core::record::Record;
use isthmus_core::refusal::Refusal;
use isthmus_core::shaper::{Shaper, ShapingContext};
use isthmus_core::source_file::SourceFile;
use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;
use isthmus_fhir::resource::Resource;

const POLICY: &str = r#"
[recipient]
id = "clinic"
name = "A clinic"
address = "1 Example Way"
kind = "treatment"
side = "care"
agreement = "A-1"
regions = ["US"]
[[flow]]
id = "clinic-patient"
version = 1
map = "a/map"
purpose = "TREAT"
basis = "treatment"
audience = "patient"
mode = "identified"
accountable = false
expires = "2030-01-01"
[flow.consent]
require = "none"
[[flow.allow]]
path = "Patient.gender"
class = "demographic"
"#;
const AGREEMENTS: &str = r#"
[[agreement]]
id = "A-1"
kind = "BAA"
party = "clinic"
expires = "2030-01-01"
"#;

/// 2026-03-10T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_unix_millis(1_773_144_000_000);

struct NoConsents;

impl ConsentView for NoConsents {
    fn as_of(&self, now: Timestamp) -> Timestamp {
        now
    }

    fn hold(&self, _: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable> {
        Ok(None)
    }

    fn is_suppressed(&self, _: &[AddressDigest]) -> Result<bool, ConsentUnavailable> {
        Ok(false)
    }

    fn consent(&self, _: &SubjectKey, _: &str) -> Result<Option<Consent>, ConsentUnavailable> {
        Ok(None)
    }
}

/// Hands the granted patient on as it is.
struct Same(ReadSet);

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

fn reads() -> ReadSet {
    ReadSet {
        record: "person".to_owned(),
        ..ReadSet::default()
    }
}

fn policies() -> PolicySet {
    let policy = SourceFile::new("clinic.toml", POLICY);
    let agreements = SourceFile::new("agreements.toml", AGREEMENTS);
    let reads = reads();
    let maps = BTreeMap::from([("a/map".to_owned(), &reads)]);
    let sources = PolicySources {
        policies: &[policy],
        agreements: Some(&agreements),
        maps: &maps,
    };
    policy_loader::load(&sources, NOON).unwrap()
}

/// Hands on this record, whatever was granted.
struct Always(ReadSet, Element);

impl Shaper for Always {
    fn map(&self) -> &'static str {
        "always 1"
    }

    fn reads(&self) -> &ReadSet {
        &self.0
    }

    fn shape(&self, _: &[Resource], _: &ShapingContext) -> Result<Vec<Element>, Refusal> {
        Ok(vec![self.1.clone()])
    }
}

fn disclosure(shaper: &dyn Shaper) -> Disclosure {
    static POLICIES: OnceLock<PolicySet> = OnceLock::new();
    let patient = Object::new()
        .with("resourceType", "Patient")
        .with("gender", "female");
    let record = Record {
        subject: SubjectKey::from_bytes([1; 16]),
        resources: vec![Resource::try_from(patient).unwrap()],
        message: None,
    };
    let circumstances = Circumstances {
        addresses: &[],
        consents: &NoConsents,
        now: NOON,
    };
    let flow = &POLICIES.get_or_init(policies).flows()[0];
    let Release::Granted(granted) = flow.release(&record, &circumstances) else {
        unreachable!("the flow needs no consent");
    };
    let context = ShapingContext {
        delivery: DeliveryId::from_bytes([0; 16]),
        received_at: NOON,
        consents: Vec::new(),
    };
    granted.shape(Some(shaper), &context).unwrap().remove(0)
}

/// A record on its first attempt, committed at noon; its sequence is 40 above its number.
pub(crate) fn outbound(number: u8) -> Outbound {
    Outbound {
        id: DeliveryId::from_bytes([number; 16]),
        sequence: Sequence(40 + u64::from(number)),
        created_at: NOON,
        attempt: 1,
        recovered: false,
        disclosure: disclosure(&Same(reads())),
    }
}

/// The same with this JSON object as its record.
pub(crate) fn outbound_of(number: u8, record: &str) -> Outbound {
    let record = read(record.as_bytes(), Limits::default()).unwrap();
    Outbound {
        disclosure: disclosure(&Always(reads(), record)),
        ..outbound(number)
    }
}
