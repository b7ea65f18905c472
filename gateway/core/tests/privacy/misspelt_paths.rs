//! A slip of one letter in a path never lets something else out unseen: the policy is refused, or
//! the path it now has is another valid one, which the policy lists and its map does not read.

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

#[test]
fn every_slip_is_refused_or_seen() {
    let mut loaded = Vec::new();
    for (path, class, more) in ROWS {
        let map = reading(&[path]);
        for slip in slips(path) {
            let policy = policy_with(&[(&slip, class, more)]);
            let Ok(set) = load(&policy, &ReadSet::default()) else {
                continue;
            };
            let listed = flow(&set).rows()[0].path.to_string();
            assert!(
                means_the_same(&listed, &slip),
                "{path}: {slip} is listed as {listed}"
            );
            let found = load(&policy, &map).map_or_else(|errors| errors, |_set| Vec::new());
            let refused = found.iter().any(|one| one.code == codes::NOT_ALLOWED);
            let same = means_the_same(&listed, path);
            assert!(refused || same, "{path}: {slip} loads with the map");
            loaded.push(slip);
        }
    }
    // Urls, systems and identifier types are the recipient's own words, so slips in them load; a
    // slip in a name of an element loads only where both names are elements.
    let names = loaded.iter().filter(|slip| !slip.contains(['"', '=']));
    let names: Vec<&str> = names.map(String::as_str).collect();
    assert_eq!(names, [""; 0]);
}

/// Quotes make no difference to a key.
fn means_the_same(one: &str, other: &str) -> bool {
    one.replace('"', "") == other.replace('"', "")
}
