//! A slip of one letter in a path never lets something else out unseen: the policy is refused, or
//! the path it now has is another valid one, which the policy lists and its map does not read.

use std::collections::BTreeSet;

use isthmus_core::privacy::codes;
use isthmus_core::read_set::ReadSet;

use crate::scenario::{ROWS, flow, load, policy_with, reading};

/// Replacements, deletions, insertions and swaps at every place of a text.
fn slips(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let alphabet = || ('a'..='z').chain("DN1[].".chars());
    let mut slips = Vec::new();
    for at in 0..=letters.len() {
        let (before, after) = letters.split_at(at);
        let mut push = |parts: [&[char]; 3]| slips.push(parts.concat().iter().collect::<String>());
        for letter in alphabet() {
            push([before, &[letter], after]);
            if let Some((_, rest)) = after.split_first() {
                push([before, &[letter], rest]);
            }
        }
        if let Some((first, rest)) = after.split_first() {
            push([before, rest, &[]]);
            if let Some((second, rest)) = rest.split_first() {
                push([before, &[*second, *first], rest]);
            }
        }
    }
    slips.retain(|slip| slip != text);
    slips.sort_unstable();
    slips.dedup();
    slips
}

/// Those slips whose path is not refused, all read as rows of one policy.
fn accepted(slips: &[String], class: &str, more: &str) -> Vec<String> {
    let rows: Vec<_> = slips
        .iter()
        .map(|slip| (slip.as_str(), class, more))
        .collect();
    let policy = policy_with(&rows);
    let errors = load(&policy, &ReadSet::default()).err().unwrap_or_default();
    let doubled = [codes::SHADOWED, codes::OVERLAP];
    let refused = errors
        .iter()
        .filter(|one| one.is_error() && !doubled.contains(&one.code));
    let refused: BTreeSet<usize> = refused.map(|one| one.line as usize - 1).collect();
    let lines = policy.lines().enumerate();
    let lines = lines.filter(|(_, line)| line.starts_with("path = "));
    let rows = lines.map(|(line, _)| (line..line + 3).any(|line| refused.contains(&line)));
    let slips = slips.iter().zip(rows);
    slips
        .filter(|(_, refused)| !refused)
        .map(|(slip, _)| slip.clone())
        .collect()
}

#[test]
fn every_slip_is_refused_or_seen() {
    let mut seen = Vec::new();
    for (path, class, more) in ROWS {
        let slips = slips(path);
        let found = slips
            .chunks(64)
            .flat_map(|slips| accepted(slips, class, more));
        let found: Vec<String> = found.filter(|slip| !means_the_same(slip, path)).collect();
        for slips in found.chunks(64) {
            let rows: Vec<_> = slips
                .iter()
                .map(|slip| (slip.as_str(), *class, *more))
                .collect();
            let policy = policy_with(&rows);
            let set = load(&policy, &ReadSet::default()).unwrap();
            for (row, slip) in flow(&set).rows().iter().zip(slips) {
                let listed = row.path.to_string();
                assert!(
                    means_the_same(&listed, slip),
                    "{path}: {slip} is listed as {listed}"
                );
            }
            let told = load(&policy, &reading(&[path])).err().unwrap_or_default();
            let refused = told.iter().any(|one| one.code == codes::NOT_ALLOWED);
            assert!(refused, "{path}: one of {slips:?} suits the map");
        }
        seen.extend(found);
    }
    // Urls, systems and identifier types are the recipient's own words, so slips in them load; a
    // slip in the name of an element never gives another element here.
    assert!(seen.len() > 100, "{}", seen.len());
    let names = seen.iter().filter(|slip| !slip.contains(['"', '=']));
    assert_eq!(names.collect::<Vec<_>>(), [""; 0]);
}

/// Quotes make no difference to a key.
fn means_the_same(one: &str, other: &str) -> bool {
    one.replace('"', "") == other.replace('"', "")
}
