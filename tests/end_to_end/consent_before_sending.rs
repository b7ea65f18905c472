//! The shared time-lines of consent, each as a run of the real process: whoever said no between
//! release and sending is sent nothing. That a revocation is final under load is in
//! `revocation_is_final`.

use std::collections::BTreeSet;

use isthmus_tests::shared_data::shared_data;
use serde_json::Value;

use crate::gateway::{Site, root};
use crate::waiting_record::{OTHER, PATIENT, Run, destroy_keys, patient};
use crate::webhook_site::{hand_in, word};

/// How a case is run.
type Play = fn(&mut Run);

/// What `revoke-before-first-attempt` and the others are called, and how each is run.
const RUNS: [(&str, Play); 8] = [
    ("revoke-before-first-attempt", revoked),
    ("revoke-then-grant-again", revoked_and_granted),
    ("narrowed-in-queue", narrowed),
    ("treatment-route-no-consent-needed", treatment),
    ("opt-out-from-platform", opted_out_at_the_platform),
    (
        "unsubscribe-without-known-person",
        unsubscribed_by_nobody_known,
    ),
    ("erasure-keeps-ledger", erased),
    ("unmerge-uncertain", uncertain),
];

/// A store of consents that is behind is no part of this release, so this one is run over a
/// stand-in in the named test.
const ELSEWHERE: (&str, &str, &str) = (
    "consent-store-stale",
    "tests/pipeline_loops/before_sending.rs",
    "fn consents_older_than_the_policy_takes_send_nothing_until_they_are_known_again",
);

/// Which word of the patient, under which policy.
fn terms(entry: &Value) -> [&Value; 2] {
    ["policy", "consent_version"].map(|name| &entry[name])
}

/// Holds how a run ended against what its case expects.
fn check(run: &Run, id: &str, expected: &Value) {
    let entries = run.entries();
    let words: Vec<String> = entries.iter().map(word).collect();
    let delivered = entries.iter().filter(|one| one["outcome"] == "delivered");
    let delivered: Vec<&Value> = delivered.collect();
    assert_eq!(run.arrived(), delivered.len(), "{id}: {words:?}");
    let first = entries.iter().find(|one| one["outcome"] == "released");
    for (what, value) in expected.as_object().unwrap() {
        match (what.as_str(), value) {
            // What the time-line enqueued. What was made anew of its message is another thing.
            ("delivered", count) => {
                let as_released = |one: &&&Value| Some(terms(one)) == first.map(terms);
                let sent = delivered.iter().filter(as_released).count();
                assert_eq!(sent as u64, count.as_u64().unwrap(), "{id}: {words:?}");
            }
            ("ledger", wanted) => {
                let wanted = wanted.as_str().unwrap().replace("disclosed", "delivered");
                assert!(words.contains(&wanted), "{id}: {words:?}");
            }
            ("rebuilt", count) => {
                let made = words.iter().filter(|word| *word == "released").count() as u64;
                assert_eq!(made - 1, count.as_u64().unwrap(), "{id}: {words:?}");
            }
            ("deadLetter", count) => {
                let parked = run.site.parked().len() as u64;
                assert_eq!(parked, count.as_u64().unwrap(), "{id}");
            }
            ("state", state) => {
                let parked = run.site.parked();
                assert!(parked.iter().any(|one| one["reason"] == *state), "{id}");
            }
            ("payloadReadable", count) => {
                let open = entries.iter().filter(|one| one["subject"].is_object());
                assert_eq!(open.count() as u64, count.as_u64().unwrap(), "{id}");
            }
            ("logVerifies", _) => {
                let report = run.site.site.json(&["ledger", "verify"], "");
                assert_eq!(report["first_bad"], Value::Null, "{id}");
                assert_eq!(report["signed"], report["entries"], "{id}: {report}");
            }
            _ => panic!("{id} expects {what}, which nothing here looks at"),
        }
    }
}

/// The cases, by id.
fn cases() -> Option<Vec<Value>> {
    let path = shared_data()?.join("privacy/delivery/cases.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    Some(file["cases"].as_array().unwrap().clone())
}

#[test]
fn every_case_has_a_run() {
    let Some(cases) = cases() else { return };
    let ids = cases.iter().map(|case| case["id"].as_str().unwrap());
    let (id, file, name) = ELSEWHERE;
    let runs = RUNS.iter().map(|(id, _)| *id).chain([id]);
    assert_eq!(ids.collect::<BTreeSet<_>>(), runs.collect());
    let tests = std::fs::read_to_string(root().join(file)).unwrap();
    assert!(tests.contains(name) && tests.contains(id));
}

#[test]
fn the_time_lines_end_as_their_cases_say() {
    let Some(cases) = cases() else { return };
    let case = |id: &str| cases.iter().find(|case| case["id"] == id).unwrap();
    let play = |(id, play): &(&str, Play)| {
        let site = match *id {
            "treatment-route-no-consent-needed" => treatment_site(),
            _ => Site::example(),
        };
        let mut run = Run::begin(site);
        play(&mut run);
        check(&run, id, &case(id)["expect"]);
    };
    std::thread::scope(|scope| {
        // Two at a time: each is a process of its own that mostly waits.
        for half in RUNS.chunks(RUNS.len() / 2) {
            scope.spawn(|| half.iter().for_each(play));
        }
    });
}

fn revoked(run: &mut Run) {
    run.site.says(PATIENT, "opt-in");
    run.enqueue(1);
    run.site.says(PATIENT, "opt-out");
    run.deliver();
}

fn revoked_and_granted(run: &mut Run) {
    run.site.says(PATIENT, "opt-in");
    run.enqueue(1);
    run.site.says(PATIENT, "opt-out");
    run.site.says(PATIENT, "opt-in");
    run.deliver();
    // Made anew from its message, under the third word.
    let entries = run.entries();
    assert_eq!(entries.last().unwrap()["consent_version"], 3, "{entries:?}");
    assert_eq!(run.arrived(), 1);
}

/// A consent of this release covers the classes that its policy names, so one that was narrowed is
/// a new word on the same category; a policy that covers less is the next test's business.
fn narrowed(run: &mut Run) {
    run.site.says(PATIENT, "opt-in");
    run.enqueue(1);
    run.site.says(PATIENT, "opt-in");
    run.deliver();
}

fn treatment(run: &mut Run) {
    run.recipient = "crm";
    run.enqueue(0);
    run.deliver();
    let purposes = run.entries().into_iter().map(|one| one["purpose"].clone());
    assert!(purposes.into_iter().all(|purpose| purpose == "TREAT"));
}

/// The CRM becomes a recipient that treats, so that what it gets rests on no consent.
fn treatment_site() -> Site {
    let site = Site::with_own_mappings();
    let path = site.path("mappings/policies/crm.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text
        .replace("\"HOPERAT\"", "\"TREAT\"")
        .replace("basis = \"operations\"", "basis = \"treatment\"");
    assert_ne!(text, changed);
    std::fs::write(path, changed).unwrap();
    site
}

/// What a platform says of an address comes in by `isthmus suppress` in this release.
fn opted_out_at_the_platform(run: &mut Run) {
    run.site.says(PATIENT, "opt-in");
    run.suppress();
    run.enqueue(0);
    run.deliver();
}

fn unsubscribed_by_nobody_known(run: &mut Run) {
    run.suppress();
    run.site.says(PATIENT, "opt-in");
    run.enqueue(0);
    run.deliver();
}

/// A request for erasure is carried out at the store: it has no command in this release.
fn erased(run: &mut Run) {
    run.site.says(PATIENT, "opt-in");
    run.enqueue(1);
    run.deliver();
    assert_eq!(run.arrived(), 1, "disclosed");
    let readable = run.entries().into_iter();
    assert!(readable.into_iter().all(|one| one["subject"].is_object()));
    run.site.wait_until_signed();
    let gateway = run.gateway.take().unwrap();
    assert!(gateway.stop());
    destroy_keys(&run.site.site);
    let destroyed = run.entries();
    assert!(destroyed.iter().all(|one| one["subject"] == "destroyed"));
}

fn uncertain(run: &mut Run) {
    run.site.says(PATIENT, "opt-in");
    run.enqueue(1);
    run.site.holds(PATIENT);
    run.deliver();
}

#[test]
fn what_was_suppressed_while_it_was_queued_is_not_sent() {
    let run = Run::begin(Site::example());
    run.site.says(PATIENT, "opt-in");
    run.enqueue(1);
    run.suppress();
    run.deliver();
    assert_eq!(run.arrived(), 0);
    let words: Vec<String> = run.entries().iter().map(word).collect();
    assert_eq!(words, ["released", "withheld:suppressed"]);
}

#[test]
fn what_is_held_goes_on_when_the_hold_is_lifted() {
    let run = Run::begin(Site::example());
    run.site.says(PATIENT, "opt-in");
    run.enqueue(1);
    run.site.holds(PATIENT);
    run.deliver();
    hand_in(run.gateway(), &[("CASE2", PATIENT), ("OTHER2", OTHER)]);
    run.site
        .marketing
        .wait_for("the other", |came| came.len() == 2);
    assert_eq!(run.arrived(), 0);
    let lifted = format!("EXAMPLE MRN|{PATIENT}\n");
    run.site.site.json(&["hold", "lift"], &lifted);
    run.site
        .marketing
        .wait_for("what was held", |came| came.len() >= 3);
    run.site.site.settled();
    let words: Vec<String> = run.entries().iter().map(word).collect();
    assert_eq!(words, ["released", "parked:review", "delivered"]);
}

#[test]
fn a_policy_that_allows_less_than_when_it_was_queued_sends_the_less() {
    let mut run = Run::begin(Site::with_own_mappings());
    run.site.says(PATIENT, "opt-in");
    run.enqueue(1);
    // The other's hand-over ends with the process, so that both are tried again.
    run.gateway.take().unwrap().kill();
    run.gate.open();
    let narrow = |file: &str, cut: &dyn Fn(&str) -> String| {
        let path = run.site.site.path("mappings").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let cut = cut(&text);
        assert_ne!(text, cut, "{file}");
        std::fs::write(path, cut).unwrap();
    };
    let row = "  birth_year            <- p.birthDate | year\n";
    narrow("fhir-to-records/marketing-contact.rmap", &|text| {
        text.replace(row, "")
    });
    let allow = "[[flow.allow]]\npath = \"Patient.birthDate\"\ncoarsen = \"year\"\n\
                 class = \"demographic\"\n";
    narrow("policies/marketing.toml", &|text| text.replace(allow, ""));
    run.gateway = Some(run.site.site.start());
    run.deliver();
    let words: Vec<String> = run.entries().iter().map(word).collect();
    assert_eq!(
        words,
        [
            "released",
            "withheld:policy-changed",
            "released",
            "delivered"
        ]
    );
    let requests = run.site.marketing.requests().into_iter();
    let about = requests.filter(|one| patient(one) == PATIENT);
    let records: Vec<Value> = about.map(|one| one.record()).collect();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["birth_year"], Value::Null);
    assert!(records[0]["email"].is_string());
}
