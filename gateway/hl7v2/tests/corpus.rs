//! Every sample message parses and groups with each segment accounted for, or is refused with a
//! place. What the samples mean in FHIR is tested where they are translated.
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
use isthmus_hl7v2::charset::{Charset, declared, decode};
use isthmus_hl7v2::escape::{escape, unescape};
use isthmus_hl7v2::group_instance::GroupInstance;
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::structure::group;

/// The messages of a file: each begins where a line begins with MSH; batch lines are left out.
fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let bytes: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, 0x0B | 0x1C))
        .collect();
    let mut found: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
        if line.starts_with(b"MSH") {
            found.push(Vec::new());
        }
        let is_batch = [b"FHS", b"BHS", b"BTS", b"FTS"]
            .iter()
            .any(|name| line.starts_with(*name));
        if let Some(message) = found.last_mut().filter(|_| !is_batch) {
            message.extend_from_slice(line);
        }
    }
    found
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

#[derive(Default)]
struct Counts {
    parsed: usize,
    grouped: usize,
    segments: usize,
    out_of_place: usize,
    local: usize,
    /// Names of segments out of place, with the structure they had no place in.
    misplaced: BTreeMap<String, usize>,
    refused: Vec<String>,
}

fn read_one(bytes: &[u8], file: &str, counts: &mut Counts) {
    let charset = declared(bytes).ok().flatten().unwrap_or(Charset::UTF_8);
    let text = match decode(bytes, charset).or_else(|_| decode(bytes, Charset::UTF_8)) {
        Ok(text) => text.into_owned(),
        Err(error) => return counts.refused.push(format!("{file}: {error}")),
    };
    let message = match Message::parse(text.as_str()) {
        Ok(message) => message,
        Err(error) => return counts.refused.push(format!("{file}: {error}")),
    };
    assert_eq!(message.bytes(), text.as_bytes());
    read_every_place(&message);
    let grouped = group(&message);
    let mut seen = vec![0; message.segment_count()];
    count(&grouped.root, &mut seen);
    for &ordinal in &grouped.out_of_place {
        seen[ordinal as usize] += 1;
        let name = message.segment(ordinal as usize).unwrap().name();
        counts.local += usize::from(name.is_local());
        let place = format!("{name} in {}", grouped.structure.unwrap_or_default());
        *counts.misplaced.entry(place).or_default() += 1;
    }
    assert!(seen.iter().all(|&times| times == 1), "{file}: {seen:?}");
    counts.parsed += 1;
    counts.grouped += usize::from(grouped.structure.is_some());
    counts.segments += seen.len();
    counts.out_of_place += grouped.out_of_place.len();
    let code = AcknowledgmentCode::ApplicationAccept;
    let reply = Reply {
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

#[test]
fn all_sample_messages_are_read_and_grouped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/hl7v2");
    let Ok(manifest) = fs::read_to_string(folder.join("MANIFEST.tsv")) else {
        assert!(env::var_os("CI").is_none(), "CI needs {}", folder.display());
        eprintln!("skipped: {} is not there", folder.display());
        return;
    };
    let mut counts = Counts::default();
    for row in manifest.lines().skip(1) {
        let mut cells = row.split('\t');
        let files = [
            cells.next().unwrap_or_default(),
            cells.next().unwrap_or_default(),
        ];
        let parent = Path::new(files[0]).parent().unwrap();
        for (file, path) in [
            (files[0], folder.join(files[0])),
            (files[1], folder.join(parent).join(files[1])),
        ] {
            let kind = path.extension().unwrap_or_default();
            if kind != "hl7" && kind != "txt" {
                continue;
            }
            for message in messages(&fs::read(path).unwrap()) {
                read_one(&message, file, &mut counts);
            }
        }
    }
    eprintln!(
        "{} messages read, {} grouped by a structure, {} segments, {} out of place ({} local)",
        counts.parsed, counts.grouped, counts.segments, counts.out_of_place, counts.local
    );
    for (place, times) in &counts.misplaced {
        eprintln!("out of place {times} times: {place}");
    }
    for refused in &counts.refused {
        eprintln!("refused: {refused}");
    }
    assert!(counts.parsed > 1_100);
    assert!(
        counts.refused.len() <= 12,
        "{} refused",
        counts.refused.len()
    );
}
