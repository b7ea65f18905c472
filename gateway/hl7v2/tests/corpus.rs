//! Every sample message parses, groups with each segment accounted for and gives its bytes back, or
//! is one of the exceptions listed here. What the samples mean in FHIR is tested where they are
//! translated.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests may be blunt"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use isthmus_hl7v2::acknowledgment::{Acknowledgment, AcknowledgmentCode, Reply, build};
use isthmus_hl7v2::batch::split;
use isthmus_hl7v2::charset::{Charset, declared, decode};
use isthmus_hl7v2::escape::{escape, unescape};
use isthmus_hl7v2::group_instance::GroupInstance;
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::structure::group;

/// Messages that are refused, by file, and a part of the reason.
const REFUSED: [(&str, &str); 9] = [
    // Fragments with remarks between them, to be read one by one.
    (
        "assertions/izgateway/segments.txt",
        "segment 2 at byte 116 has no segment name",
    ),
    // The backslash of MSH-2 is written twice, as in a program's text.
    (
        "messages/linuxforhealth/sample_unix.hl7",
        "the delimiter at byte 7 (MSH-1 or MSH-2) is used twice",
    ),
    (
        "messages/linuxforhealth/sample_win.hl7",
        "the delimiter at byte 7 (MSH-1 or MSH-2) is used twice",
    ),
    // Cases of what must not be read.
    (
        "syntax/cosyte/malformed__no-msh-segment.hl7",
        "no MSH segment at byte 0",
    ),
    (
        "syntax/rethinkhealth/invalid-missing-msh.hl7",
        "no MSH segment at byte 0",
    ),
    (
        "syntax/rethinkhealth/invalid-segment-header-length.hl7",
        "segment 1 at byte 66 has no segment name",
    ),
    (
        "v2-to-fhir/trusted-intermediary/Test_Message_empty.hl7",
        "no MSH segment at byte 0",
    ),
    (
        "v2-to-fhir/trusted-intermediary/Test_Message_msh_present_but_missing_all_fields.hl7",
        "MSH ends at byte 4 before its delimiters",
    ),
    (
        "v2-to-fhir/trusted-intermediary/Test_Message_msh_present_but_missing_msh-2.hl7",
        "MSH ends at byte 4 before its delimiters",
    ),
];

/// Messages that stay a flat list, because the dictionary has no structure for them.
const FLAT: [&str; 3] = [
    // The dictionary has RSP_K15 for 2.4 alone; this is 2.5.1.
    "messages/balneario/rsp_k15.hl7",
    // RDE^O01 was withdrawn after 2.3.1 in favour of O11; this is 2.5.
    "v2-to-fhir/google-whistle-unit/rde_o01.hl7",
    // A47 was withdrawn with its structure, ADT_A30, after 2.6; this is 2.8.
    "v2-to-fhir/ms-fhir-converter/ADT-A47-01.hl7",
];

/// The messages of a file; what stands before the first header is a remark.
fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let found = split(bytes).messages.into_iter();
    let texts = found.map(|message| bytes[message.range].to_vec());
    texts.filter(|text| text.starts_with(b"MSH")).collect()
}

fn count(instance: &GroupInstance, seen: &mut [u32]) {
    for ordinal in instance.segments() {
        seen[ordinal as usize] += 1;
    }
    for group in instance.groups() {
        count(group, seen);
    }
}

fn read_every_place(message: &Message) {
    let delimiters = message.delimiters();
    for segment in message.segments() {
        for (_, field) in segment.fields() {
            for repetition in field.repetitions() {
                for component in repetition.components() {
                    for subcomponent in component.subcomponents() {
                        let Some(text) = subcomponent.value() else {
                            continue;
                        };
                        assert_eq!(unescape(&escape(&text, &delimiters), &delimiters), text);
                    }
                }
            }
        }
    }
}

/// The message put together of its segments and of the line ends between them, which are all that
/// no segment has.
fn rebuilt(message: &Message) -> String {
    let mut text = String::with_capacity(message.text().len());
    let between = |from: usize, to: usize| {
        let between = message.text().get(from..to).unwrap();
        assert!(between.bytes().all(|byte| matches!(byte, b'\r' | b'\n')));
        between
    };
    for segment in message.segments() {
        text.push_str(between(text.len(), segment.offset() as usize));
        text.push_str(segment.raw());
    }
    text.push_str(between(text.len(), message.text().len()));
    text
}

#[derive(Default)]
struct Counts {
    parsed: usize,
    segments: usize,
    out_of_place: usize,
    local: usize,
    flat: Vec<String>,
    /// Names of segments out of place, with the structure they had no place in.
    misplaced: BTreeMap<String, usize>,
    refused: Vec<(String, String)>,
}

fn read_one(bytes: &[u8], file: &str, counts: &mut Counts) {
    let charset = declared(bytes).ok().flatten().unwrap_or(Charset::UTF_8);
    let text = match decode(bytes, charset).or_else(|_| decode(bytes, Charset::UTF_8)) {
        Ok(text) => text.into_owned(),
        Err(error) => return counts.refused.push((file.to_owned(), error.to_string())),
    };
    let message = match Message::parse(text.as_str()) {
        Ok(message) => message,
        Err(error) => return counts.refused.push((file.to_owned(), error.to_string())),
    };
    assert_eq!(rebuilt(&message), text, "{file}");
    read_every_place(&message);
    let grouped = group(&message);
    let mut seen = vec![0; message.segment_count()];
    count(&grouped.root, &mut seen);
    let reasons = grouped.findings.iter();
    let reasons = reasons.filter(|finding| finding.kind.is_out_of_place());
    assert!(
        reasons
            .map(|one| one.ordinal)
            .eq(grouped.out_of_place.iter().copied())
    );
    for &ordinal in &grouped.out_of_place {
        seen[ordinal as usize] += 1;
        let name = message.segment(ordinal as usize).unwrap().name();
        counts.local += usize::from(name.is_local());
        let place = format!("{name} in {}", grouped.structure.unwrap_or_default());
        *counts.misplaced.entry(place).or_default() += 1;
    }
    assert!(seen.iter().all(|&times| times == 1), "{file}: {seen:?}");
    counts.parsed += 1;
    if grouped.structure.is_none() {
        counts.flat.push(file.to_owned());
    }
    counts.segments += seen.len();
    counts.out_of_place += grouped.out_of_place.len();
    let code = AcknowledgmentCode::ApplicationAccept;
    let reply = Reply {
        accept: None,
        expected: None,
        code,
        control_id: "1",
        time: "2026",
        conditions: &[],
    };
    let header = Header::of(&message).unwrap();
    let answer = Message::parse(build(Some(header), &reply)).unwrap();
    let answer = Acknowledgment::read(&answer).unwrap();
    assert_eq!(answer.control_id, header.control_id(), "{file}");
}

/// The messages of one file, or the whole file when no line of it begins one.
fn read_file(bytes: &[u8], file: &str, counts: &mut Counts) {
    let found = messages(bytes);
    if found.is_empty() {
        read_one(bytes, file, counts);
    }
    for message in found {
        read_one(&message, file, counts);
    }
}

/// Reads the files that a row of the manifest names; gives how many messages it counts.
fn read_row(row: &str, folder: &Path, counts: &mut Counts) -> usize {
    let cells: Vec<&str> = row.split('\t').collect();
    let parent = Path::new(cells[0]).parent().unwrap();
    for path in [Path::new(cells[0]).to_owned(), parent.join(cells[1])] {
        let kind = path.extension().unwrap_or_default();
        if kind == "hl7" || kind == "txt" {
            let bytes = fs::read(folder.join(&path)).unwrap();
            read_file(&bytes, path.to_str().unwrap(), counts);
        }
    }
    cells[2].parse().unwrap_or_default()
}

#[test]
fn all_sample_messages_are_read_and_grouped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/hl7v2");
    let Ok(manifest) = fs::read_to_string(folder.join("MANIFEST.tsv")) else {
        assert!(env::var_os("CI").is_none(), "CI needs {}", folder.display());
        eprintln!("skipped: {} is not there", folder.display());
        return;
    };
    let mut counts = Counts::default();
    let rows = manifest.lines().skip(1);
    let listed: usize = rows.map(|row| read_row(row, &folder, &mut counts)).sum();
    eprintln!(
        "{} messages read, {} without a structure, {} segments, {} out of place ({} local)",
        counts.parsed,
        counts.flat.len(),
        counts.segments,
        counts.out_of_place,
        counts.local
    );
    for (place, times) in &counts.misplaced {
        eprintln!("out of place {times} times: {place}");
    }
    counts.refused.sort();
    assert_eq!(counts.refused.len(), REFUSED.len(), "{:?}", counts.refused);
    for ((file, reason), expected) in counts.refused.iter().zip(REFUSED) {
        assert!(reason.contains(expected.1), "{file}: {reason}");
        assert_eq!(file, expected.0);
    }
    counts.flat.sort();
    assert_eq!(counts.flat, FLAT);
    assert!(
        counts.parsed + counts.refused.len() >= listed,
        "{listed} are listed"
    );
    assert!(listed >= 1_197);
}
