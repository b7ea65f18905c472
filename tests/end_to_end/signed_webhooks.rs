//! Every webhook is signed as Standard Webhooks 1.0 says and is a `CloudEvents` 1.0 event, shown
//! with the packages that recipients would take for it; when webhooks come is in
//! `retries_and_parking`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use data_encoding::BASE64;
use isthmus_tests::shared_data::shared_data;
use serde_json::{Value, json};

use crate::gateway::{Site, root};
use crate::receiver::{Receiver, Request, new_secret};
use crate::webhook_site::{WebhookSite, hand_in};

/// Beyond what a receiver tolerates, in seconds.
const TOO_FAR: i64 = 360;

/// Feeds lines to a program and gives the lines that it answers, one each.
fn ask(command: &mut Command, lines: &[Value]) -> Vec<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a program is missing; tests/run installs it");
    let input: Vec<String> = lines.iter().map(Value::to_string).collect();
    let input = input.join("\n");
    let mut stdin = child.stdin.take().unwrap();
    // Aside: the program answers while it is asked.
    let asking = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    asking.join().unwrap().unwrap();
    assert!(output.status.success(), "{command:?}");
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<String> = answers.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), lines.len(), "{command:?}: {answers:?}");
    answers
}

/// The interpreter with the Python packages.
fn python(script: &str) -> Command {
    let mut command = Command::new(root().join("target/hl7-client/bin/python"));
    command.arg(root().join("tests/end_to_end").join(script));
    command
}

/// What both packages answer, by name.
fn verified(questions: &[Value]) -> [(&'static str, Vec<String>); 2] {
    let mut node = Command::new("node");
    node.arg(root().join("tests/end_to_end/verify_webhooks.cjs"))
        .env("NODE_PATH", root().join("target/npm/node_modules"));
    [
        ("PyPI", ask(&mut python("verify_webhooks.py"), questions)),
        ("npm", ask(&mut node, questions)),
    ]
}

/// A request as the verifiers are asked about it.
fn question(request: &Request, secret: &str) -> Value {
    let header = |name| request.header(name).unwrap();
    json!({
        "secret": secret,
        "id": header("webhook-id"),
        "timestamp": header("webhook-timestamp"),
        "signature": header("webhook-signature"),
        "body": BASE64.encode(&request.body),
        "sign_at": null,
    })
}

fn with(question: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut question = question.clone();
    question[name] = value.into();
    question
}

/// Every text that differs in one bit of one byte, at a few places of it.
fn flipped(text: &[u8]) -> Vec<Vec<u8>> {
    let places = [0, text.len() / 3, text.len() / 2, text.len() - 1];
    let flipped = places.iter().map(|place| {
        let mut text = text.to_vec();
        text[*place] ^= 1;
        text
    });
    flipped.collect()
}

/// The same request with one thing wrong each, and what is wrong.
fn spoilt(request: &Request, secret: &str) -> Vec<(String, Value)> {
    let sound = question(request, secret);
    let mut spoilt = Vec::new();
    for body in flipped(&request.body) {
        let changed = with(&sound, "body", BASE64.encode(&body));
        spoilt.push(("a byte of the body".to_owned(), changed));
    }
    for name in ["id", "timestamp"] {
        for text in flipped(sound[name].as_str().unwrap().as_bytes()) {
            let text = String::from_utf8(text).unwrap();
            spoilt.push((format!("a byte of the {name}"), with(&sound, name, text)));
        }
    }
    for seconds in [-TOO_FAR, TOO_FAR] {
        let late = with(&sound, "sign_at", seconds);
        spoilt.push((format!("signed at {seconds} s"), late));
    }
    let other = with(&sound, "secret", new_secret());
    spoilt.push(("another secret".to_owned(), other));
    spoilt
}

/// A site that has sent some webhooks to both recipients.
fn sent() -> WebhookSite {
    let site = WebhookSite::example();
    let gateway = site.site.start();
    site.says("ONE", "opt-in");
    let patients = ["ONE", "TWO", "ÄÖÜ \\T\\ é 日本"];
    for round in 0..4 {
        for (index, patient) in patients.iter().enumerate() {
            hand_in(&gateway, &[(&format!("W{round}{index}"), patient)]);
        }
    }
    site.site.settled();
    assert_eq!(site.crm.requests().len(), 12);
    assert_eq!(site.marketing.requests().len(), 4);
    site
}

#[test]
fn every_webhook_verifies_with_the_packages_of_others_and_no_changed_one_does() {
    let site = sent();
    let (mut sound, mut wrong) = (Vec::new(), Vec::new());
    for receiver in [&site.crm, &site.marketing] {
        for request in receiver.requests() {
            let question = question(&request, &receiver.secret);
            sound.push(with(&question, "sign_at", 0));
            sound.push(question);
            wrong.extend(spoilt(&request, &receiver.secret));
        }
    }
    for (package, answers) in verified(&sound) {
        for answer in answers {
            assert_eq!(answer, "accepted", "{package}");
        }
    }
    let (what, questions): (Vec<_>, Vec<_>) = wrong.into_iter().unzip();
    for (package, answers) in verified(&questions) {
        for (what, answer) in what.iter().zip(answers) {
            assert!(answer.starts_with("refused"), "{package}: {what}: {answer}");
        }
    }
}

#[test]
fn while_a_secret_changes_both_verify() {
    let site = WebhookSite::example();
    let (old, new) = (site.crm.secret.clone(), new_secret());
    std::fs::write(site.site.path("new.secret"), &new).unwrap();
    let one = "secrets = [\"${file:crm-webhook.secret}\"]";
    let two = "secrets = [\"${file:new.secret}\", \"${file:crm-webhook.secret}\"]";
    let last = "secrets = [\"${file:new.secret}\"]";
    let mut answers = Vec::new();
    for (round, (from, to)) in [(one, one), (one, two), (two, last)].iter().enumerate() {
        site.site.edit(|text| {
            assert!(text.contains(from));
            text.replace(from, to)
        });
        let gateway = site.site.start();
        hand_in(&gateway, &[(&format!("C{round}"), "ONE")]);
        site.site.settled();
        assert!(gateway.stop());
        let request = site.crm.requests().pop().unwrap();
        let questions = [question(&request, &old), question(&request, &new)];
        let accepted = verified(&questions).map(|(_, answers)| {
            let accepted = answers.iter().map(|answer| answer == "accepted");
            accepted.collect::<Vec<_>>()
        });
        assert_eq!(accepted[0], accepted[1], "the packages differ");
        answers.push(accepted[0].clone());
    }
    assert_eq!(site.crm.requests().len(), 3);
    assert_eq!(answers, [[true, false], [true, true], [false, true]]);
}

/// What is wrong with each document by its schema; `ok` when nothing is.
fn against(schema: &Path, documents: &[Value]) -> Vec<String> {
    let lines = documents.iter().map(|document| json!([schema, document]));
    ask(&mut python("check_schemas.py"), &lines.collect::<Vec<_>>())
}

#[test]
fn every_webhook_is_a_cloud_event_with_a_record_of_the_promised_form() {
    let Some(data) = shared_data() else { return };
    let site = sent();
    let (mut events, mut records) = (Vec::new(), Vec::new());
    for receiver in [&site.crm, &site.marketing] {
        for request in receiver.requests() {
            let event = request.event();
            let media_type = request.header("content-type").unwrap();
            assert_eq!(media_type, "application/cloudevents+json");
            assert_eq!(event["id"], request.id());
            assert_eq!(event["dataschema"], "urn:isthmus:record:person:1");
            records.push(event["data"]["record"].clone());
            events.push(event);
        }
    }
    let cloud_events = data.join("contracts/cloudevents/cloudevents.schema.json");
    let own = root().join("mappings/records");
    let schemas = [
        (cloud_events, &events),
        (own.join("event.schema.json"), &events),
        (own.join("person.schema.json"), &records),
    ];
    for (schema, documents) in schemas {
        for found in against(&schema, documents) {
            assert_eq!(found, "ok", "{}", schema.display());
        }
        // The schema bites: without what it requires a document is refused.
        let mut broken = documents[0].clone();
        for required in ["id", "person_id"] {
            broken.as_object_mut().unwrap().remove(required);
        }
        let found = against(&schema, &[broken]);
        assert!(found[0].contains("required"), "{found:?}");
    }
}

#[test]
fn a_secret_that_is_none_does_not_load() {
    let site = Site::example();
    let receiver = Receiver::start();
    site.webhook("crm", &receiver, "");
    for wrong in [
        "",
        "whsec_c2hvcnQ=",
        "c2VjcmV0IHdpdGhvdXQgaXRzIHByZWZpeCBoZXJl",
    ] {
        std::fs::write(site.path("crm-webhook.secret"), wrong).unwrap();
        let output = site.command(&["check"], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("`secrets`"), "{said}");
        assert!(wrong.is_empty() || !said.contains(wrong), "{said}");
    }
}
