//! The list of shape exceptions, and the rule that it may only shrink. What is measured is the
//! business of `shape`.

use std::collections::BTreeMap;

use crate::finding::Finding;

/// Where the list lies.
pub(crate) const LIST: &str = "tests/architecture/exceptions.txt";

const MEND_SMALLER: &str = "lower the entry to it, so that it cannot grow back";
const MEND_GONE: &str = "remove the entry";

/// What was measured over a limit: path and rule to value and finding.
pub(crate) type Excesses = BTreeMap<(String, String), (usize, Finding)>;

/// Takes what the list excepts out of the excesses, and adds what is wrong with the list.
pub(crate) fn apply(list: &str, mut excesses: Excesses) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, line) in list.lines().enumerate() {
        let words: Vec<&str> = line
            .split('#')
            .next()
            .unwrap_or("")
            .split_whitespace()
            .collect();
        let mut complain = |fault: String, mend| {
            found.push(Finding {
                file: LIST.to_owned(),
                line: index + 1,
                fault,
                mend,
            });
        };
        let [path, rule, value] = words.as_slice() else {
            if !words.is_empty() {
                complain("an entry is path, rule, value".to_owned(), "write it so");
            }
            continue;
        };
        let key = ((*path).to_owned(), (*rule).to_owned());
        let Ok(allowed) = value.parse::<usize>() else {
            complain(format!("{value} is no number"), "state the measured value");
            continue;
        };
        match excesses.remove(&key) {
            None => complain(format!("{path} keeps {rule} by now"), MEND_GONE),
            Some((measured, _)) if measured < allowed => {
                complain(format!("{path} {rule} fell to {measured}"), MEND_SMALLER);
            }
            Some((measured, finding)) if measured > allowed => {
                excesses.insert(key, (measured, finding));
            }
            Some(_) => {}
        }
    }
    found.extend(excesses.into_values().map(|(_, finding)| finding));
    found
}

#[test]
fn the_list_may_only_shrink() {
    let excess = |path: &str, value: usize| {
        let finding = Finding {
            file: path.to_owned(),
            line: 0,
            fault: String::new(),
            mend: "split it",
        };
        ((path.to_owned(), "file-lines".to_owned()), (value, finding))
    };
    let excesses = Excesses::from([
        excess("same.rs", 450),
        excess("fell.rs", 440),
        excess("grew.rs", 460),
        excess("new.rs", 401),
    ]);
    let list = "# why\nsame.rs file-lines 450\nfell.rs file-lines 450\ngrew.rs file-lines 450\n\
                mended.rs file-lines 450\nhalf an\n";
    crate::finding::expect_places(
        &apply(list, excesses),
        &[
            "tests/architecture/exceptions.txt:3",
            "tests/architecture/exceptions.txt:5",
            "tests/architecture/exceptions.txt:6",
            "grew.rs:0",
            "new.rs:0",
        ],
    );
}
