//! No value of a message turns up anywhere but in the fields that `isthmus flow` declares: not in
//! logs at their most talkative, acknowledgements, commands' output or the files of the store,
//! after success, parking, refusal, a crash and a stop. What is sent is in `canary_run` and
//! `canary_messages`, how values are looked for in `canary_scan`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::canary_run::{Run, TRACE};
use crate::canary_scan::{Scanner, base64_inside};
use crate::gateway::{Site, tell};
use crate::receiver::{Receiver, Request};
use crate::webhook_site::deliveries;

/// Fields of the header that an acknowledgement must repeat (HL7 v2.5.1 chapter 2, section 2.9.2).
const ECHOED: [&str; 6] = ["MSH-3", "MSH-4", "MSH-5", "MSH-6", "MSH-10", "MSH-11"];

/// Every file of a site but those in its outboxes.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            if entry.file_name() != "outbox" {
                files(&entry.path(), found);
            }
        } else {
            found.push(entry.path());
        }
    }
}

/// What was looked at.
#[derive(Default)]
struct Looked {
    files: usize,
    bytes: usize,
}

/// Contents kept for the end, when all tokens are known.
type Kept = Vec<(String, Vec<u8>)>;

/// The files of the site at one moment.
fn keep(site: &Site, moment: &str, kept: &mut Kept) {
    let mut paths = Vec::new();
    files(site.folder(), &mut paths);
    for path in paths {
        // A log of SQLite may go while one looks.
        if let Ok(content) = std::fs::read(&path) {
            kept.push((format!("{moment}: {}", path.display()), content));
        }
    }
}

/// The origins that `isthmus flow` declares, by recipient and record field.
fn declared(site: &Site) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut declared: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    let report = site.json(&["flow"], "");
    for flow in report["flows"].as_array().unwrap() {
        let recipient = flow["recipient"].as_str().unwrap();
        for field in flow["fields"].as_array().unwrap() {
            let target = field["target"].as_str().unwrap();
            let origins = field["origins"].as_array().unwrap().iter();
            let origins = origins.map(|origin| place_of(origin.as_str().unwrap()));
            let key = (recipient.to_owned(), target.to_owned());
            declared.entry(key).or_default().extend(origins);
        }
    }
    declared
}

/// An origin without its brackets, and without first components, which are their wholes.
fn place_of(origin: &str) -> String {
    let mut place = String::new();
    let mut depth = 0;
    for letter in origin.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth -= 1,
            other if depth == 0 => place.push(other),
            _ => {}
        }
    }
    while let Some(whole) = place.strip_suffix(".1") {
        place = whole.to_owned();
    }
    place
}

/// Calls `look` with every leaf of a document and its dotted name.
fn leaves(value: &Value, name: &str, look: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                let dot = if name.is_empty() { "" } else { "." };
                leaves(value, &format!("{name}{dot}{member}"), look);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| leaves(value, name, look)),
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => look(name, &number.to_string()),
        Value::String(text) => look(name, text),
    }
}

/// What a recipient got: records within documents, and the bytes that came.
struct Got {
    documents: Vec<Value>,
    bytes: Vec<Vec<u8>>,
    /// Where in a document the record stands.
    record: &'static str,
}

/// What lies in a recipient's folder.
fn outbox(run: &Run, recipient: &str) -> Got {
    let folder = run.site.path("data/outbox").join(recipient);
    let files = std::fs::read_dir(folder).unwrap();
    let bytes = files.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    Got {
        documents: run.site.outbox(recipient),
        bytes: bytes.collect(),
        record: "record.",
    }
}

/// What lies in a folder of files of JSON, whose names hold nothing.
fn dropped(scanner: &Scanner, folder: &Path) -> Got {
    let (mut documents, mut bytes) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(scanner.find(name.as_bytes()).is_empty(), "{name}");
        let content = std::fs::read(entry.path()).unwrap();
        documents.push(serde_json::from_slice(&content).expect(&name));
        bytes.push(content);
    }
    Got {
        documents,
        bytes,
        record: "record.",
    }
}

/// What a recipient was sent, refused requests and repeated ones too. Heads hold nothing.
fn requests(scanner: &Scanner, receiver: &Receiver) -> Got {
    let requests = receiver.requests();
    for request in &requests {
        let head = String::from_utf8_lossy(&request.head).into_owned();
        assert!(scanner.find(&request.head).is_empty(), "{head}");
    }
    Got {
        documents: requests.iter().map(Request::event).collect(),
        bytes: requests.into_iter().map(|request| request.body).collect(),
        record: "data.record.",
    }
}

/// Holds what a recipient got against what is declared; how many tokens it got.
fn check_got(
    run: &Run,
    scanner: &Scanner,
    recipient: &str,
    got: &Got,
    looked: &mut Looked,
) -> usize {
    let declared = declared(&run.site);
    let mut granted = BTreeSet::new();
    for document in &got.documents {
        leaves(document, "", &mut |name, text| {
            let field = name.strip_prefix(got.record).unwrap_or_default();
            let key = (recipient.to_owned(), field.to_owned());
            for token in scanner.find(text.as_bytes()) {
                let place = &run.canaries.tokens[token].place;
                let is_declared = declared
                    .get(&key)
                    .is_some_and(|origins| origins.contains(place));
                assert!(is_declared, "{recipient} got {place} in {name}");
                granted.insert(token);
            }
        });
    }
    // The bytes as they are: nothing but what the records hold, in no other form either.
    for content in &got.bytes {
        looked.files += 1;
        looked.bytes += content.len();
        let found = scanner.find(content);
        let beyond: Vec<&str> = found
            .difference(&granted)
            .map(|token| run.canaries.tokens[*token].place.as_str())
            .collect();
        assert!(beyond.is_empty(), "{recipient} got {beyond:?}");
    }
    granted.len()
}

/// Looks through all that was kept, and fails with every place where something was found.
fn check_kept(run: &Run, scanner: &Scanner, kept: &Kept, looked: &mut Looked) {
    let mut leaks = BTreeSet::new();
    for (name, _) in kept {
        for token in scanner.find(name.as_bytes()) {
            leaks.insert(format!("{} in a name", run.canaries.tokens[token].place));
        }
    }
    for (name, content) in kept.iter().chain(&run.said) {
        looked.files += 1;
        looked.bytes += content.len();
        for token in scanner.find(content) {
            leaks.insert(format!("{} in {name}", run.canaries.tokens[token].place));
        }
    }
    for answer in &run.acknowledgements {
        looked.bytes += answer.len();
        for token in scanner.find(answer) {
            let place = &run.canaries.tokens[token].place;
            let field = place.split('.').next().unwrap_or_default();
            if !ECHOED.contains(&field) {
                leaks.insert(format!("{place} in an acknowledgement"));
            }
        }
    }
    let shown: Vec<&String> = leaks.iter().take(40).collect();
    assert!(leaks.is_empty(), "{} leaks: {shown:#?}", leaks.len());
}

/// A copy of the log with one token planted in it, in each form, must not pass.
fn check_bite(run: &Run, scanner: &Scanner) {
    let log = std::fs::read(run.site.path("gateway.log")).unwrap();
    let planted = run.canaries.tokens.len() / 2;
    let text = run.canaries.tokens[planted].text.clone();
    let hexadecimal = text.bytes().map(|byte| format!("{byte:02X}"));
    let hexadecimal = hexadecimal.collect::<Vec<_>>().concat();
    let forms = [
        text.clone().into_bytes(),
        text.to_uppercase().into_bytes(),
        hexadecimal.into_bytes(),
        base64_inside(text.as_bytes(), 0),
        base64_inside(text.as_bytes(), 2),
    ];
    for form in forms {
        let (before, after) = log.split_at(log.len() / 2);
        let found = scanner.find(&[before, &form, after].concat());
        assert_eq!(found, BTreeSet::from([planted]));
    }
}

#[test]
fn no_value_of_a_message_turns_up_where_it_is_not_declared() {
    let mut run = Run::new();
    let mut kept = Kept::new();
    let gateway = run.site.start_logging(TRACE);
    run.success(&gateway);
    run.site.settled();
    keep(&run.site, "after success", &mut kept);
    run.parked(&gateway);
    run.refused(&gateway);
    let status = run.site.settled();
    assert_eq!(status["intakes"], run.stored, "{status}");
    let parked = status["parked"].as_array().unwrap();
    assert_eq!(parked.len(), 3, "{status}");
    run.asked();
    keep(&run.site, "after refusals", &mut kept);
    run.crash(gateway);
    keep(&run.site, "after a crash", &mut kept);
    run.asked();
    let gateway = run.site.start_logging(TRACE);
    run.site.settled();
    run.asked();
    keep(&run.site, "after a restart", &mut kept);
    assert!(gateway.stop());
    keep(&run.site, "after a stop", &mut kept);

    let scanner = Scanner::new(&run.canaries.tokens);
    let mut looked = Looked::default();
    check_kept(&run, &scanner, &kept, &mut looked);
    check_bite(&run, &scanner);
    let [crm, marketing] = ["crm", "marketing"].map(|recipient| {
        let got = outbox(&run, recipient);
        check_got(&run, &scanner, recipient, &got, &mut looked)
    });
    report(&run, &scanner, &looked, [crm, marketing]);
}

/// The same over webhooks, with retries, parked records, a revocation and all that operators ask.
#[test]
fn no_value_of_a_message_turns_up_in_webhooks_or_in_what_operators_see() {
    let mut run = Run::with_webhooks();
    let mut kept = Kept::new();
    let gateway = run.site.start_logging(TRACE);
    run.success(&gateway);
    run.parked(&gateway);
    let status = run.site.settled();
    let parked = status["parked"].as_array().unwrap();
    assert_eq!(parked.len(), 4, "{status}");
    run.asked();
    run.operated();
    keep(&run.site, "after success", &mut kept);
    run.taken_back(&gateway);
    keep(&run.site, "after a revocation", &mut kept);
    let status = run.site.settled();
    for state in ["withheld", "parked"] {
        let count = deliveries(&status, "marketing", state);
        assert_eq!(count, 1, "{state}: {status}");
    }
    run.operated();
    run.ruled();
    run.site.settled();
    run.crash(gateway);
    keep(&run.site, "after a crash", &mut kept);
    run.operated();
    let gateway = run.site.start_logging(TRACE);
    run.site.settled();
    run.operated();
    assert!(gateway.stop());
    keep(&run.site, "after a stop", &mut kept);

    let scanner = Scanner::new(&run.canaries.tokens);
    let mut looked = Looked::default();
    check_kept(&run, &scanner, &kept, &mut looked);
    check_bite(&run, &scanner);
    let crm = run.receivers[0].1.requests();
    let ids: BTreeSet<String> = crm.iter().map(Request::id).collect();
    assert!(ids.len() + 4 <= crm.len(), "four came again");
    let came = run.receivers.iter().map(|(recipient, receiver)| {
        let got = requests(&scanner, receiver);
        check_got(&run, &scanner, recipient, &got, &mut looked)
    });
    let came: Vec<usize> = came.collect();
    report(&run, &scanner, &looked, [came[0], came[1]]);
}

/// The same with a file for each record, in a folder and by SFTP, over a crash.
#[test]
fn no_value_of_a_message_turns_up_in_names_of_files_or_on_the_way_to_them() {
    let mut run = Run::with_files();
    let mut kept = Kept::new();
    let gateway = run.site.start_logging(TRACE);
    run.success(&gateway);
    run.site.settled();
    run.crash(gateway);
    keep(&run.site, "after a crash", &mut kept);
    let gateway = run.site.start_logging(TRACE);
    run.site.settled();
    run.operated();
    assert!(gateway.stop());
    keep(&run.site, "after a stop", &mut kept);
    let server = run.server.as_ref().unwrap();
    let said = std::fs::read(server.text("log")).unwrap();
    kept.push(("what the server logged".to_owned(), said));

    let scanner = Scanner::new(&run.canaries.tokens);
    let mut looked = Looked::default();
    check_kept(&run, &scanner, &kept, &mut looked);
    check_bite(&run, &scanner);
    let folders = [
        ("crm", run.site.path("data/outbox/crm")),
        ("marketing", server.inbox().to_path_buf()),
    ];
    let came = folders.map(|(recipient, folder)| {
        let got = dropped(&scanner, &folder);
        check_got(&run, &scanner, recipient, &got, &mut looked)
    });
    report(&run, &scanner, &looked, came);
}

fn report(run: &Run, scanner: &Scanner, looked: &Looked, [crm, marketing]: [usize; 2]) {
    assert!(
        crm > 100 && marketing >= 6,
        "{crm} and {marketing} came through"
    );
    tell(&format!(
        "{} tokens in {} forms, {} files and outputs, {} acknowledgements, {} bytes: no leak; \
         {crm} tokens reached the CRM and {marketing} the marketing platform, as declared",
        run.canaries.tokens.len(),
        scanner.patterns(),
        looked.files,
        run.acknowledgements.len(),
        looked.bytes,
    ));
}
