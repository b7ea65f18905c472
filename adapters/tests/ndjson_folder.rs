//! The NDJSON folder, through the runner: what the files hold after success, repeats and torn
//! writes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may be blunt"
)]

use std::collections::BTreeMap;
use std::path::Path;

use isthmus_adapters::append_file::AppendFolder;
use isthmus_adapters::ndjson_folder::destination::NdjsonFolder;
use isthmus_adapters::runner::Runner;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentStore, ConsentUnavailable};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope};
use isthmus_core::id::{DeliveryId, RecipientId, SubjectKey};
use isthmus_core::privacy::disclosure::Disclosure;
use isthmus_core::privacy::policy_loader::{self, PolicySources};
use isthmus_core::privacy::release::Release;
use isthmus_core::read_set::ReadSet;
use isthmus_core::record::Record;
use isthmus_core::refusal::Refusal;
use isthmus_core::shaper::{Shaper, ShapingContext};
use isthmus_core::source_file::SourceFile;
use isthmus_fhir::element::{Element, Object};
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

struct NoConsents;

impl ConsentStore for NoConsents {
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

const NOON: Timestamp = Timestamp::from_unix_millis(1_773_144_000_000);

/// A disclosure as only the gate can make it.
fn disclosure() -> Disclosure {
    let policy = SourceFile::new("clinic.toml", POLICY);
    let agreements = SourceFile::new("agreements.toml", AGREEMENTS);
    let reads = ReadSet::default();
    let maps = BTreeMap::from([("a/map".to_owned(), &reads)]);
    let sources = PolicySources {
        policies: &[policy],
        agreements: Some(&agreements),
        maps: &maps,
    };
    let policies = policy_loader::load(&sources, NOON).unwrap();
    let patient = Object::new()
        .with("resourceType", "Patient")
        .with("gender", "female");
    let resources = vec![Resource::try_from(patient).unwrap()];
    let record = Record {
        subject: SubjectKey::from_bytes([1; 16]),
        resources,
    };
    let Release::Granted(granted) = policies.flows()[0].release(&record, &NoConsents, NOON) else {
        unreachable!("the flow needs no consent");
    };
    let delivery = DeliveryId::from_bytes([0; 16]);
    let context = ShapingContext {
        delivery,
        received_at: NOON,
        consents: Vec::new(),
    };
    granted
        .shape(&Same(ReadSet::default()), &context)
        .unwrap()
        .remove(0)
}

fn outbound(id: u8, recovered: bool) -> Outbound {
    Outbound {
        id: DeliveryId::from_bytes([id; 16]),
        created_at: NOON,
        attempt: 1,
        recovered,
        disclosure: disclosure(),
    }
}

fn runner(folder: &Path) -> Runner {
    let opened = AppendFolder::open(folder).unwrap();
    Runner::new(RecipientId::new("clinic"), Box::new(NdjsonFolder), opened)
}

fn deliver(runner: &Runner, batch: Vec<Outbound>) -> Vec<DeliveryOutcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(runner.deliver(batch))
}

fn file(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("2026-03-10.ndjson")).unwrap()
}

#[test]
fn a_record_becomes_a_line_of_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = deliver(&runner(folder.path()), vec![outbound(1, false)]);
    assert_eq!(outcomes, [DeliveryOutcome::Delivered]);
    assert_eq!(
        file(folder.path()),
        "{\"id\":\"01010101010101010101010101010101\",\"created\":\"2026-03-10T12:00:00.000Z\",\
         \"flow\":\"clinic-patient\",\"flow_version\":1,\"purpose\":\"TREAT\",\
         \"record\":{\"resourceType\":\"Patient\",\"gender\":\"female\"}}\n"
    );
}

#[test]
fn what_an_earlier_run_wrote_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    deliver(
        &runner(folder.path()),
        vec![outbound(1, false), outbound(2, false)],
    );
    // The process died before it could settle 2; another one takes over.
    let next = runner(folder.path());
    let outcomes = deliver(
        &next,
        vec![outbound(2, true), outbound(3, true), outbound(4, false)],
    );
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == DeliveryOutcome::Delivered)
    );
    assert_eq!(file(folder.path()).lines().count(), 4);
}

#[test]
fn a_torn_line_is_cut_off_and_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    deliver(&runner(folder.path()), vec![outbound(1, false)]);
    let whole = file(folder.path());
    let torn = whole.replace("01010101", "02020202");
    let path = folder.path().join("2026-03-10.ndjson");
    for cut in 1..whole.len() {
        std::fs::write(&path, [whole.as_bytes(), &torn.as_bytes()[..cut]].concat()).unwrap();
        deliver(&runner(folder.path()), vec![outbound(2, true)]);
        let lines: Vec<String> = file(folder.path()).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 2, "cut at {cut}");
        assert!(lines[1].ends_with("\"female\"}}"), "cut at {cut}");
    }
}

#[test]
fn a_file_that_was_collected_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let runner = runner(folder.path());
    deliver(&runner, vec![outbound(1, false)]);
    let path = folder.path().join("2026-03-10.ndjson");
    std::fs::rename(&path, folder.path().join("collected")).unwrap();
    deliver(&runner, vec![outbound(2, false)]);
    assert!(file(folder.path()).starts_with("{\"id\":\"0202"));
    std::fs::write(&path, "").unwrap();
    deliver(&runner, vec![outbound(3, false)]);
    assert!(file(folder.path()).starts_with("{\"id\":\"0303"));
}

#[test]
fn a_folder_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let first = AppendFolder::open(folder.path()).unwrap();
    let second = AppendFolder::open(folder.path());
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::ResourceBusy);
    drop(first);
    assert!(AppendFolder::open(folder.path()).is_ok());
}

#[test]
fn a_later_day_does_not_overtake_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let runner = runner(folder.path());
    std::fs::create_dir(folder.path().join("2026-03-10.ndjson")).unwrap();
    let mut tomorrow = outbound(2, false);
    tomorrow.created_at = Timestamp::from_unix_millis(NOON.unix_millis() + 86_400_000);
    let outcomes = deliver(&runner, vec![outbound(1, false), tomorrow]);
    let waits = DeliveryOutcome::Retry {
        scope: RetryScope::Recipient,
        after: None,
    };
    assert_eq!(outcomes, [waits.clone(), waits]);
    assert!(!folder.path().join("2026-03-11.ndjson").exists());
}

#[test]
fn a_folder_that_takes_nothing_makes_the_recipient_wait() {
    let folder = tempfile::tempdir().unwrap();
    let runner = runner(folder.path());
    // A folder stands where the file should be.
    std::fs::create_dir(folder.path().join("2026-03-10.ndjson")).unwrap();
    let outcomes = deliver(&runner, vec![outbound(1, false)]);
    let waits = DeliveryOutcome::Retry {
        scope: RetryScope::Recipient,
        after: None,
    };
    assert_eq!(outcomes, [waits]);
}
