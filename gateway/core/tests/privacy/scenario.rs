//! The scenario of these tests: a mailer with a realistic policy, a map that reads it, and an
//! invented patient. What is expected of them is said in the tests.

use std::collections::BTreeMap;

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentChoice, ConsentUnavailable, ConsentView};
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::hold::Hold;
use isthmus_core::id::{DeliveryId, FlowId, SubjectKey};
use isthmus_core::privacy::circumstances::Circumstances;
use isthmus_core::privacy::flow::Flow;
use isthmus_core::privacy::granted_record::GrantedRecord;
use isthmus_core::privacy::policy_loader::{self, PolicySources};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::privacy::release::Release;
use isthmus_core::read_set::{Place, Read, ReadSet};
use isthmus_core::record::Record;
use isthmus_core::refusal::Refusal;
use isthmus_core::shaper::{Shaper, ShapingContext};
use isthmus_core::source_file::SourceFile;
use isthmus_fhir::element::Element;
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;
use isthmus_fhir::path::syntax::ElementPath;
use isthmus_fhir::resource::Resource;

pub const MAP: &str = "fhir-to-records/mailer-contact";

pub const AGREEMENTS: &str = r#"[[agreement]]
id = "BAA-2026-014"
kind = "BAA"
party = "mailer"
expires = "2027-12-31"

[[agreement]]
id = "DUA-7"
kind = "DUA"
party = "mailer"
expires = "2027-12-31"

[[agreement]]
id = "BAA-2020-001"
kind = "BAA"
party = "mailer"
expires = 2021-01-01

[[agreement]]
id = "BAA-OTHER"
kind = "BAA"
party = "lab"
expires = "2027-12-31"
"#;

pub const TERMS: &str = r#"[recipient]
id = "mailer"
name = "Acme Mail"
address = "1 Main St, Springfield"
kind = "marketing-platform"
side = "commercial"
agreement = "BAA-2026-014"
regions = ["US"]

[[flow]]
id = "mailer-newsletter"
version = 3
map = "fhir-to-records/mailer-contact"
purpose = "HMARKT"
basis = "hipaa-authorization"
audience = "patient"
mode = "identified"
accountable = true
expires = "2027-06-30"

[flow.consent]
require = "opt-in"
category = ["hipaa-auth"]
covers = ["contact", "demographic", "identifier"]
on_unknown = "withhold"
"#;

/// Path, class and further lines of the rows.
pub const ROWS: &[(&str, &str, &str)] = &[
    ("Patient.name[use=official].given[0]", "contact", ""),
    ("Patient.name[use=official].family", "contact", ""),
    ("Patient.telecom[system=email].value", "contact", ""),
    ("Patient.birthDate", "demographic", "coarsen = \"year\""),
    (
        "Patient.address[use=home].postalCode",
        "contact",
        "coarsen = \"zip3\"",
    ),
    ("Patient.address[use=home].state", "contact", ""),
    (
        "Patient.communication.language.coding.code",
        "demographic",
        "systems = [\"urn:ietf:bcp:47\"]",
    ),
    (
        "Patient.identifier[type.coding.code=MR].value",
        "identifier",
        "",
    ),
    (
        "Patient.extension[url=\"urn:importance\"].valueCodeableConcept.text",
        "demographic",
        "",
    ),
];

/// One row as TOML.
pub fn row(path: &str, class: &str, more: &str) -> String {
    format!("\n[[flow.allow]]\npath = '{path}'\nclass = \"{class}\"\n{more}\n")
}

/// The policy of the scenario.
pub fn policy() -> String {
    let rows = ROWS
        .iter()
        .map(|(path, class, more)| row(path, class, more));
    TERMS.to_owned() + &rows.collect::<String>()
}

/// The terms of the scenario with other rows.
pub fn policy_with(rows: &[(&str, &str, &str)]) -> String {
    let rows = rows
        .iter()
        .map(|(path, class, more)| row(path, class, more));
    TERMS.to_owned() + &rows.collect::<String>()
}

/// A map that reads these paths, one a line.
pub fn reading(paths: &[&str]) -> ReadSet {
    let reads = paths.iter().zip(5..).map(|(path, line)| Read {
        path: ElementPath::parse(path).unwrap(),
        place: place(line),
        control: false,
    });
    ReadSet {
        reads: reads.collect(),
        ..ReadSet::default()
    }
}

pub fn place(line: u32) -> Place {
    Place {
        file: "mappings/fhir-to-records/mailer-contact.rmap".to_owned(),
        line,
        column: 12,
    }
}

/// 2026-11-22T12:00:00Z.
pub fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_795_348_800_000)
}

/// Loads a policy of the mailer with a map.
pub fn load(policy: &str, map: &ReadSet) -> Result<PolicySet, Vec<Diagnostic>> {
    let policies = [SourceFile::new("policies/mailer.toml", policy)];
    load_files(&policies, Some(AGREEMENTS), map)
}

pub fn load_files(
    policies: &[SourceFile],
    agreements: Option<&str>,
    map: &ReadSet,
) -> Result<PolicySet, Vec<Diagnostic>> {
    let agreements = agreements.map(|text| SourceFile::new("policies/agreements.toml", text));
    let maps = BTreeMap::from([(MAP.to_owned(), map)]);
    let sources = PolicySources {
        policies,
        agreements: agreements.as_ref(),
        maps: &maps,
    };
    policy_loader::load(&sources, now())
}

/// The set of a policy that must load; its map reads nothing.
pub fn loaded(policy: &str) -> PolicySet {
    load(policy, &ReadSet::default()).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

pub fn flow(set: &PolicySet) -> &Flow {
    set.flow(&FlowId::new("mailer-newsletter")).unwrap()
}

pub fn subject() -> SubjectKey {
    SubjectKey::from_bytes([7; 16])
}

pub fn json(text: &str) -> Element {
    read(text.as_bytes(), Limits::default()).unwrap()
}

pub fn resource(text: &str) -> Resource {
    Resource::try_from(json(text)).unwrap()
}

pub fn record(resources: &[&str]) -> Record {
    Record {
        subject: subject(),
        resources: resources.iter().map(|text| resource(text)).collect(),
        message: None,
    }
}

/// Consents by category; none for a category that is not there.
#[derive(Default)]
pub struct Consents {
    pub said: BTreeMap<&'static str, (ConsentChoice, u64)>,
    pub broken: bool,
    /// As of when they are known; None: now.
    pub as_of: Option<Timestamp>,
    pub hold: Option<Hold>,
    pub suppressed: Vec<AddressDigest>,
}

pub fn opted_in() -> Consents {
    Consents {
        said: BTreeMap::from([("hipaa-auth", (ConsentChoice::OptIn, 4))]),
        ..Consents::default()
    }
}

impl ConsentView for Consents {
    fn as_of(&self, now: Timestamp) -> Timestamp {
        self.as_of.unwrap_or(now)
    }

    fn hold(&self, _: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable> {
        Ok(self.hold)
    }

    fn is_suppressed(&self, addresses: &[AddressDigest]) -> Result<bool, ConsentUnavailable> {
        Ok(addresses.iter().any(|one| self.suppressed.contains(one)))
    }

    fn consent(
        &self,
        _subject: &SubjectKey,
        category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable> {
        if self.broken {
            return Err(ConsentUnavailable::Now("the store is closed".to_owned()));
        }
        let said = self.said.get(category);
        Ok(said.map(|(choice, version)| Consent {
            choice: *choice,
            version: *version,
            recorded_at: now(),
        }))
    }
}

/// These consents and this time, and nobody's addresses.
pub fn asking(consents: &Consents, now: Timestamp) -> Circumstances<'_> {
    Circumstances {
        addresses: &[],
        consents,
        now,
    }
}

/// What the scenario's flow grants of a record; None when it withholds for want of anything.
pub fn granted(set: &PolicySet, record: &Record) -> Option<GrantedRecord> {
    match flow(set).release(record, &asking(&opted_in(), now())) {
        Release::Granted(granted) => Some(granted),
        Release::Withheld(reason) => {
            assert_eq!(reason, "nothing-granted");
            None
        }
    }
}

/// The bytes that leave: each granted resource as one line of JSON.
pub fn bytes_of(set: &PolicySet, record: &Record) -> String {
    let disclosures =
        granted(set, record).map(|granted| granted.shape(Some(&Whole), &context()).unwrap());
    let disclosures = disclosures.unwrap_or_default();
    let lines = disclosures
        .iter()
        .map(|one| String::from_utf8(one.content().reveal().to_vec()).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

pub fn context() -> ShapingContext {
    ShapingContext {
        delivery: DeliveryId::from_bytes([1; 16]),
        received_at: now(),
        consents: Vec::new(),
    }
}

/// A shaper that passes on all that it is given.
pub struct Whole;

impl Shaper for Whole {
    fn map(&self) -> &'static str {
        "whole 1"
    }

    fn reads(&self) -> &ReadSet {
        const NONE: &ReadSet = &ReadSet {
            record: String::new(),
            reads: Vec::new(),
            lineage: Vec::new(),
            consents: Vec::new(),
        };
        NONE
    }

    fn shape(
        &self,
        resources: &[Resource],
        _context: &ShapingContext,
    ) -> Result<Vec<Element>, Refusal> {
        Ok(resources
            .iter()
            .map(|one| Element::from(one.clone()))
            .collect())
    }
}

/// An invented patient with everything a sender may put in.
pub const PATIENT: &str = include_str!("patient.json");

/// What leaves of that patient by the scenario's policy.
pub const LEAVES: &str = concat!(
    r#"{"resourceType":"Patient","extension":[{"valueCodeableConcept":{"text":"regular"},"#,
    r#""url":"urn:importance"}],"#,
    r#""identifier":[{"value":"MRN-0001","type":{"coding":[{"code":"MR"}]}}],"#,
    r#""name":[{"family":"Example","given":["Testa"],"use":"official"}],"#,
    r#""telecom":[{"value":"testa@example.org","system":"email"},"#,
    r#"{"value":"testa@example.net","system":"email"}],"birthDate":"1980","#,
    r#""address":[{"state":"IL","postalCode":"627","use":"home"}],"#,
    r#""communication":[{"language":{"coding":[{"code":"en-US"}]}}]}"#
);
