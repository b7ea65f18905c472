//! What a policy released: an invented recipient's policy, what patients said, and deliveries
//! sealed under it; what the loop does with them is in `before_sending`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentChoice, ConsentStore, ConsentUnavailable};
use isthmus_core::delivery_queue::Delivery;
use isthmus_core::id::{DeliveryId, FlowId, SubjectKey};
use isthmus_core::key_ring::{KeyId, SealingKey};
use isthmus_core::privacy::disclosure::Grant;
use isthmus_core::privacy::policy_loader::{self, PolicySources};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::read_set::ReadSet;
use isthmus_core::source_file::SourceFile;

const AGREEMENTS: &str = r#"[[agreement]]
id = "BAA-1"
kind = "BAA"
party = "mailer"
expires = "2027-12-31"
"#;

pub(crate) const POLICY: &str = r#"[recipient]
id = "mailer"
name = "Acme Mail"
address = "1 Main St, Springfield"
kind = "marketing-platform"
side = "commercial"
agreement = "BAA-1"
regions = ["US"]

[[flow]]
id = "newsletter"
version = 3
map = "fhir-to-records/contact"
purpose = "HMARKT"
basis = "hipaa-authorization"
audience = "patient"
mode = "identified"
accountable = true
expires = "2027-06-30"

[flow.consent]
require = "opt-in"
category = ["mail"]
covers = ["contact", "demographic"]
on_unknown = "withhold"

[[flow.allow]]
path = 'Patient.birthDate'
class = "demographic"
coarsen = "year"
"#;

/// The policies, loaded on 2026-11-22.
pub(crate) fn policies(policy: &str) -> PolicySet {
    let policies = [SourceFile::new("policies/mailer.toml", policy)];
    let agreements = SourceFile::new("policies/agreements.toml", AGREEMENTS);
    let reads = ReadSet::default();
    let sources = PolicySources {
        policies: &policies,
        agreements: Some(&agreements),
        maps: &BTreeMap::from([("fhir-to-records/contact".to_owned(), &reads)]),
    };
    let now = Timestamp::from_unix_millis(1_795_348_800_000);
    policy_loader::load(&sources, now).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The delivery with this number for this patient, released under [`POLICY`] when the patient's
/// consent had version 4, and sealed with the key of this number.
pub(crate) fn released(number: u8, patient: u8, key: u64) -> Delivery {
    let set = policies(POLICY);
    let flow = set.flow(&FlowId::new("newsletter")).unwrap();
    let grant = Grant {
        recipient: flow.recipient().id.clone(),
        flow: flow.terms().id.clone(),
        flow_version: flow.terms().version,
        purpose: flow.terms().purpose.code().to_owned(),
        policy_hash: *flow.policy_hash(),
        consent_version: Some(4),
    };
    let sealing = SealingKey::new(KeyId(key), &[1; 32]).unwrap();
    let bytes = sealing.seal(&bound_to(&grant), b"{}").unwrap();
    Delivery {
        id: DeliveryId::from_bytes([number; 16]),
        subject: SubjectKey::from_bytes([patient; 16]),
        created_at: Timestamp::from_unix_millis(0),
        attempt: 1,
        recovered: false,
        sealed: SealedDisclosure::from_stored(grant, KeyId(key), bytes),
    }
}

/// What the gate binds the bytes to: every part of the grant, each after its length.
fn bound_to(grant: &Grant) -> Vec<u8> {
    let version = grant.flow_version.to_be_bytes();
    let consent = grant.consent_version.unwrap().to_be_bytes();
    let parts: [&[u8]; 6] = [
        grant.recipient.as_str().as_bytes(),
        grant.flow.as_str().as_bytes(),
        &version,
        grant.purpose.as_bytes(),
        &grant.policy_hash,
        &consent,
    ];
    let mut bound = b"isthmus disclosure 1".to_vec();
    for part in parts {
        bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part);
    }
    bound
}

/// What a patient says when asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Says {
    /// Yes, in the word of this version.
    Yes(u64),
    No,
    /// It cannot be read.
    Unreadable,
}

/// What patients say each time they are asked, in order; `Yes(4)` when nothing is left.
#[derive(Default)]
pub(crate) struct Patients(pub(crate) Mutex<BTreeMap<u8, VecDeque<Says>>>);

impl Patients {
    pub(crate) fn saying(said: &[(u8, &[Says])]) -> Self {
        let said = said
            .iter()
            .map(|(patient, said)| (*patient, said.iter().copied().collect()));
        Self(Mutex::new(said.collect()))
    }
}

impl ConsentStore for Patients {
    fn consent(
        &self,
        subject: &SubjectKey,
        _category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable> {
        let mut patients = self.0.lock().unwrap();
        let patient = subject.as_bytes().first().unwrap();
        let said = patients.get_mut(patient).and_then(VecDeque::pop_front);
        let (choice, version) = match said.unwrap_or(Says::Yes(4)) {
            Says::Yes(version) => (ConsentChoice::OptIn, version),
            Says::No => (ConsentChoice::OptOut, 5),
            Says::Unreadable => return Err(ConsentUnavailable("busy".to_owned())),
        };
        Ok(Some(Consent {
            choice,
            version,
            recorded_at: Timestamp::from_unix_millis(0),
        }))
    }
}
