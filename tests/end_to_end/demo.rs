//! The demo holds what it promises: its story comes out as it must, it says nothing of a patient,
//! and while it is up the other commands work on it. What a gateway does is shown elsewhere.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::canary_messages::Token;
use crate::canary_scan::Scanner;
use crate::gateway::{binary, root};

/// The demo, which makes its folder in `folder`.
fn demo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .arg("demo")
        .args(arguments)
        .env("TMPDIR", folder)
        .stdin(Stdio::null());
    command
}

fn is_empty(folder: &TempDir) -> bool {
    std::fs::read_dir(folder.path()).unwrap().next().is_none()
}

/// What the feed says of its patients: names, places, addresses, numbers.
fn tokens() -> Vec<Token> {
    let folder = root().join("gateway/server/src/demo/feed");
    let mut texts = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let feed = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for segment in feed.lines().filter(|line| line.starts_with("PID|")) {
            let fields: Vec<&str> = segment.split('|').collect();
            let words = [3, 5, 11, 13].into_iter().flat_map(|at| {
                let components = fields[at].split(['^', '~']);
                components.map(move |word| (at, word.to_owned()))
            });
            // Postal codes and codes of tables stand for nobody, and in many numbers.
            let is_of_somebody = |(at, word): &(usize, String)| {
                word.len() >= 5
                    && !["DEMO MRN", "OTHER MRN", "Internet"].contains(&word.as_str())
                    && (*at == 13 || word.bytes().any(|byte| byte.is_ascii_alphabetic()))
            };
            texts.extend(words.filter(is_of_somebody));
        }
    }
    let tokens = texts.into_iter().map(|(at, text)| Token {
        text,
        forms: Vec::new(),
        place: format!("PID-{at}"),
    });
    tokens.collect()
}

/// The places of what stands in the output and may not.
fn leaks(output: &Output) -> Vec<String> {
    places(&[&output.stdout, &output.stderr])
}

/// The places in the feed of what stands in these bytes.
fn places(said: &[&[u8]]) -> Vec<String> {
    let tokens = tokens();
    let scanner = Scanner::new(&tokens);
    let mut places = Vec::new();
    for said in said {
        let found = scanner.find(said).into_iter();
        places.extend(found.map(|token| tokens[token].place.clone()));
        let small = String::from_utf8_lossy(said).to_lowercase();
        let short = tokens
            .iter()
            .filter(|token| small.contains(&token.text.to_lowercase()));
        places.extend(short.map(|token| token.place.clone()));
    }
    places
}

#[test]
fn what_the_feed_says_of_patients_would_be_found() {
    let planted = "winterbourne, Bruno, 5550133, QH-8104441, 12 Weavers Yard";
    let found = places(&[planted.as_bytes()]);
    for place in ["PID-3", "PID-5", "PID-11", "PID-13"] {
        assert!(found.iter().any(|one| one == place), "{place}: {found:?}");
    }
    assert!(places(&[b"5 patients, 34 messages, the sample CRM"]).is_empty());
}

#[test]
fn the_story_comes_out_as_it_must_and_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = demo(folder.path(), &["--once", "--json"]);
    let output = command.env("ISTHMUS_LOG", "trace").output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let seen = document["seen"].as_array().unwrap();
    let broken: Vec<&Value> = seen.iter().filter(|row| row["held"] != true).collect();
    assert!(broken.is_empty(), "{broken:?}");
    assert_eq!(document["expected"].as_array().unwrap().len(), seen.len());
    assert!(output.status.success());
    assert_eq!(document["ok"], true);
    assert_eq!(document["counts"]["sent"], 34);
    for recipient in ["crm", "marketing"] {
        let receiver = &document["receivers"][recipient];
        assert_eq!(receiver["requests"], receiver["verified"]);
        assert_eq!(receiver["order_ok"], true);
    }
    assert_eq!(document["ledger"]["verified"], true);
    let withheld = &document["ledger"]["withheld"]["marketing"];
    assert_eq!(withheld["consent-revoked"], 2);
    assert_eq!(leaks(&output), Vec::<String>::new());
    assert!(is_empty(&folder), "the folder stays");
}

#[test]
fn it_stays_up_for_other_commands_until_it_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = demo(folder.path(), &[]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || lines.next().expect("the demo ended").unwrap();
    let configuration = loop {
        if let Some((_, path)) = line().split_once(" status --config ") {
            break path.to_owned();
        }
    };
    while !line().ends_with("expectations held") {}
    for arguments in [&["status"][..], &["ledger", "verify"], &["parked", "list"]] {
        let mut command = Command::new(binary());
        command.args(arguments).args(["--config", &configuration]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    let term = Command::new("kill").arg(child.id().to_string()).status();
    assert!(term.unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success(), "{rest:?}");
    assert!(is_empty(&folder), "the folder stays");
}

#[test]
fn a_folder_that_is_named_is_kept_and_never_taken_twice() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let arguments = ["--once", "--folder", kept.to_str().unwrap()];
    let output = demo(folder.path(), &arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(leaks(&output), Vec::<String>::new());
    assert!(kept.join("isthmus.toml").is_file());
    let again = demo(folder.path(), &arguments).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
}

#[test]
fn a_program_that_reads_along_needs_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(is_empty(&folder));
}
