//! A slip of one letter in a path of a shipped policy never lets something else out unseen. Other
//! faults of the configuration are in `bad_configuration`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::{Duration, Instant};

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::privacy::codes;
use isthmus_core::privacy::policy_loader::{self, PolicySources};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::read_set::ReadSet;
use isthmus_core::source_file::SourceFile;
use isthmus_mappings::library::Library;
use isthmus_mappings::record_shaper;

use crate::gateway::{Site, root, tell};

/// The shipped policies.
const POLICIES: [&str; 2] = ["crm", "marketing"];

/// Slips that are held against the loader together, each a row of its own.
const TOGETHER: usize = 48;

/// Of so many slips refused together, one is loaded alone as well.
const ALONE: usize = 101;

/// Slips that go through `isthmus check`.
const CHECKED: usize = 30;

/// Longer than this in a debug build, and nobody runs it; told, not enforced.
const WISHED: Duration = Duration::from_mins(1);

/// What the command loads policies with, loaded once.
struct Loader {
    reads: BTreeMap<String, ReadSet>,
    agreements: SourceFile,
    now: Timestamp,
}

/// A path of a policy file.
#[derive(Clone)]
struct Path {
    policy: &'static str,
    /// Where the text between the quotes is.
    span: Range<usize>,
    text: String,
}

fn policy_text(policy: &str) -> String {
    let file = root().join(format!("mappings/policies/{policy}.toml"));
    std::fs::read_to_string(file).unwrap()
}

/// All paths of a policy, in order.
fn paths(policy: &'static str) -> Vec<Path> {
    let text = policy_text(policy);
    let lines = text.match_indices("\npath = ").map(|(at, key)| {
        let start = at + key.len() + 1;
        let quote = text.as_bytes()[start - 1] as char;
        let length = text[start..].find(quote).unwrap();
        let span = start..start + length;
        Path {
            policy,
            text: text[span.clone()].to_owned(),
            span,
        }
    });
    lines.collect()
}

/// The place of a byte as a diagnostic shows it.
fn line_and_column(text: &str, at: usize) -> (u32, u32) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|one| *one != '\n').count() + 1;
    (line.try_into().unwrap(), column.try_into().unwrap())
}

/// Replacements and insertions of every small letter and of the marks of a path, deletions and
/// swaps, at every place.
fn slips(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut slips = BTreeSet::new();
    for at in 0..=letters.len() {
        let (before, after) = letters.split_at(at);
        let mut add = |parts: [&[char]; 3]| slips.insert(parts.concat().iter().collect::<String>());
        for letter in ('a'..='z').chain("01.[]=".chars()) {
            add([before, &[letter], after]);
            if let [_, rest @ ..] = after {
                add([before, &[letter], rest]);
            }
        }
        if let [first, rest @ ..] = after {
            let other_case = if first.is_lowercase() {
                first.to_ascii_uppercase()
            } else {
                first.to_ascii_lowercase()
            };
            add([before, &[other_case], rest]);
            add([before, &[], rest]);
            if let [second, rest @ ..] = rest {
                add([before, &[*second, *first], rest]);
            }
        }
    }
    slips.remove(text);
    slips.into_iter().collect()
}

impl Loader {
    fn new() -> Self {
        let folder = root().join("mappings");
        let library = Library::load(&folder, None).unwrap();
        assert!(!library.has_errors());
        let records = library.maps().iter().filter(|map| map.record().is_some());
        let reads = records
            .map(|map| (map.path().to_owned(), record_shaper::read_set(map)))
            .collect();
        let agreements = SourceFile::new("agreements.toml", policy_text("agreements"));
        Self {
            reads,
            agreements,
            now: "2026-11-01T00:00:00Z"
                .parse::<jiff::Timestamp>()
                .map(of_jiff)
                .unwrap(),
        }
    }

    fn load(&self, policy: &str, text: String) -> Result<PolicySet, Vec<Diagnostic>> {
        let maps = self.reads.iter();
        let maps = maps.map(|(path, reads)| (path.clone(), reads)).collect();
        let sources = PolicySources {
            policies: &[SourceFile::new(format!("{policy}.toml"), text)],
            agreements: Some(&self.agreements),
            maps: &maps,
        };
        policy_loader::load(&sources, self.now)
    }

    /// The policy with one path misspelt, as somebody would have saved it.
    fn load_slip(&self, path: &Path, slip: &str) -> Result<PolicySet, Vec<Diagnostic>> {
        let mut text = policy_text(path.policy);
        text.replace_range(path.span.clone(), slip);
        self.load(path.policy, text)
    }

    /// Those slips whose path is refused for what it is, whatever the other rows say. They stand
    /// in one policy, each in a row of its own with the terms of the path.
    fn refused(&self, path: &Path, slips: &[String]) -> BTreeSet<String> {
        let mut text = policy_text(path.policy);
        let row_start = text[..path.span.start].rfind("[[flow.allow]]").unwrap();
        let row_end = text[row_start + 2..]
            .find("[[flow.allow]]")
            .map_or(text.len(), |at| at + row_start + 2);
        let row = &text[row_start..row_end];
        let (from, to) = (path.span.start - row_start, path.span.end - row_start);
        let rows: Vec<String> = slips
            .iter()
            .map(|slip| format!("{}{slip}{}\n", &row[..from], &row[to..]))
            .collect();
        let first = line_and_column(&text, row_start).0;
        text.replace_range(row_start..row_end, &rows.concat());
        let told = self.load(path.policy, text).err().unwrap_or_default();
        // What rows of one policy are refused for only because they stand beside each other, or
        // because no map reads them.
        let beside = [codes::SHADOWED, codes::OVERLAP, codes::NOT_ALLOWED];
        let lines: BTreeSet<u32> = told
            .iter()
            .filter(|one| one.is_error() && !beside.contains(&one.code))
            .filter(|one| one.file == format!("{}.toml", path.policy))
            .map(|one| one.line)
            .collect();
        let mut at = first;
        let mut refused = BTreeSet::new();
        for (slip, row) in slips.iter().zip(&rows) {
            let end = at + u32::try_from(row.matches('\n').count()).unwrap();
            if lines.range(at..end).next().is_some() {
                refused.insert(slip.clone());
            }
            at = end;
        }
        refused
    }
}

fn of_jiff(time: jiff::Timestamp) -> Timestamp {
    Timestamp::from_unix_millis(time.as_millisecond())
}

/// What became of the slips of all paths.
#[derive(Default)]
struct Tally {
    slips: usize,
    refused: usize,
    loaded_alone: usize,
    same: usize,
    /// Other valid paths: refused by the proof of reads, or shown as a warning.
    proof: Vec<String>,
    warned: Vec<String>,
}

/// Quotes around a key make no difference.
fn means_the_same(one: &str, other: &str) -> bool {
    one.replace('"', "") == other.replace('"', "")
}

/// A slip that is a path in its own right.
fn judge(loader: &Loader, path: &Path, slip: &str, tally: &mut Tally) {
    if means_the_same(slip, &path.text) {
        tally.same += 1;
        return;
    }
    let shown = format!("{}: {} -> {slip}", path.policy, path.text);
    tally.loaded_alone += 1;
    match loader.load_slip(path, slip) {
        Err(told) => {
            let by_proof = told.iter().any(|one| one.code == codes::NOT_ALLOWED);
            assert!(by_proof, "{shown}: refused for another reason");
            tally.proof.push(shown);
        }
        Ok(set) => {
            let place = line_and_column(&policy_text(path.policy), path.span.start).0;
            let mut warnings = set.warnings().iter();
            assert!(
                warnings.any(|one| one.line == place && one.code == codes::NEVER_READ),
                "{shown}: loads, and nothing is said of it"
            );
            tally.warned.push(shown);
        }
    }
}

#[test]
fn every_slip_of_one_letter_is_refused_or_shown() {
    let start = Instant::now();
    let loader = Loader::new();
    let mut tally = Tally::default();
    for policy in POLICIES {
        assert!(loader.load(policy, policy_text(policy)).is_ok());
        for path in paths(policy) {
            let slips = slips(&path.text);
            tally.slips += slips.len();
            for together in slips.chunks(TOGETHER) {
                let refused = loader.refused(&path, together);
                for slip in together {
                    if !refused.contains(slip) {
                        judge(&loader, &path, slip, &mut tally);
                        continue;
                    }
                    tally.refused += 1;
                    if tally.refused % ALONE == 0 {
                        tally.loaded_alone += 1;
                        assert!(loader.load_slip(&path, slip).is_err(), "{slip}");
                    }
                }
            }
        }
    }
    let took = start.elapsed();
    let Tally {
        slips,
        refused,
        loaded_alone,
        same,
        proof,
        warned,
    } = tally;
    tell(&format!(
        "{slips} slips of the paths of {POLICIES:?}: {refused} refused as paths, {same} mean the \
         same, {} are other paths that the proof of reads refuses, {} load with a warning; \
         {loaded_alone} loaded alone; {took:.1?}",
        proof.len(),
        warned.len()
    ));
    if took > WISHED {
        tell("this took longer than wished");
    }
    for shown in proof.iter().chain(&warned) {
        println!("{shown}");
    }
    assert!(slips > 30_000 && refused > slips / 2, "the slips are gone");
}

#[test]
fn isthmus_check_names_the_place_of_a_slip() {
    let loader = Loader::new();
    let site = Site::with_own_mappings();
    let all: Vec<Path> = POLICIES.into_iter().flat_map(paths).collect();
    for count in 0..CHECKED {
        let path = &all[count * all.len() / CHECKED];
        let slips = slips(&path.text);
        let from = count * slips.len() / CHECKED;
        // From some place on, the first that is no path.
        let slip = slips[from..].iter().chain(&slips).find(|slip| {
            let one = std::slice::from_ref(*slip);
            !loader.refused(path, one).is_empty()
        });
        let slip = slip.unwrap();
        let file = site.path(&format!("mappings/policies/{}.toml", path.policy));
        let sound = policy_text(path.policy);
        let mut text = sound.clone();
        text.replace_range(path.span.clone(), slip);
        std::fs::write(&file, text).unwrap();
        let output = site.command(&["check"], "");
        std::fs::write(&file, &sound).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{slip}: {said}");
        let (line, _) = line_and_column(&sound, path.span.start);
        let place = format!("{}.toml:{line}:", path.policy);
        assert!(said.contains(&place), "{slip}: not at {place}, but {said}");
        assert!(said.contains("--> ") && said.contains("error[P"), "{said}");
    }
    assert!(site.command(&["check"], "").status.success());
}
