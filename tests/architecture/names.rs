//! Rule: files and folders are named in the field's words, never for being left over. Names inside
//! files are for the reviewer.

use isthmus_tests::source_tree::SourceTree;

use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::{Planted, this_repository};

/// Words no name may contain, between underscores.
const NEVER_INSIDE: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "stuff",
];

/// Words that are no name by themselves, but may be part of one that says more.
const NEVER_ALONE: &[&str] = &[
    "process",
    "processor",
    "handle",
    "handler",
    "handlers",
    "data",
    "info",
    "types",
];

fn findings(tree: &SourceTree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.keys() {
        for name in file.trim_end_matches(".rs").split('/') {
            let has_left_over = name
                .split(['_', '-'])
                .any(|word| NEVER_INSIDE.contains(&word));
            if has_left_over || NEVER_ALONE.contains(&name) {
                found.push(Finding {
                    file: file.clone(),
                    line: 0,
                    fault: format!("\"{name}\" does not say what lives there"),
                    mend: "name it for what it holds, in the words of HL7, FHIR or this project",
                });
            }
        }
    }
    found
}

#[test]
fn files_say_what_they_hold() {
    expect_none("names", &findings(&this_repository()));
}

#[test]
fn planted_names_are_found() {
    let planted = Planted::new("names")
        .file("gateway/core/src/path_utils.rs", "")
        .file("gateway/core/src/common/phi.rs", "")
        .file("gateway/core/src/data.rs", "")
        .file("gateway/core/src/shared_data.rs", "");
    expect_places(
        &findings(&planted.read()),
        &[
            "gateway/core/src/common/phi.rs:0",
            "gateway/core/src/data.rs:0",
            "gateway/core/src/path_utils.rs:0",
        ],
    );
}
