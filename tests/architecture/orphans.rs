//! Rule: every Rust file is reached from a root by `mod` lines, every `mod` line leads to a file,
//! and no file is called `mod.rs`. What the files hold is not looked at.

use std::collections::BTreeSet;

use isthmus_tests::module_tree::ModuleTree;
use isthmus_tests::source_tree::SourceTree;

use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::{Planted, this_repository};

/// A folder of sources that are fed to the compiler by a test, and are modules of nothing.
const COMPILER_CASES: &str = "/cases/";

fn findings(tree: &SourceTree) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut reached = BTreeSet::new();
    let mut folders = BTreeSet::new();
    for target in tree.packages.iter().flat_map(|package| &package.targets) {
        let modules = ModuleTree::follow(tree, target);
        reached.extend(modules.modules.into_values());
        folders.insert(format!("{}/", target.folder));
        for mod_line in modules
            .mod_lines
            .into_iter()
            .filter(|line| line.leads_to.is_none())
        {
            found.push(Finding {
                fault: format!("mod {} leads to no file", mod_line.name),
                file: mod_line.file,
                line: mod_line.line,
                mend: "keep the module in the file that its name says, without a path attribute",
            });
        }
    }
    for file in tree.files.keys() {
        let is_source = folders.iter().any(|folder| file.starts_with(folder));
        if is_source && !reached.contains(file) && !file.contains(COMPILER_CASES) {
            found.push(Finding {
                file: file.clone(),
                line: 0,
                fault: "no mod line reaches this file".to_owned(),
                mend: "declare it where it belongs, or remove it",
            });
        }
        if file.ends_with("/mod.rs") {
            found.push(Finding {
                file: file.clone(),
                line: 0,
                fault: "a folder's door is called mod.rs".to_owned(),
                mend: "name it for its folder and put it beside that: name.rs and name/",
            });
        }
    }
    found
}

#[test]
fn every_file_is_reached() {
    expect_none("orphans", &findings(&this_repository()));
}

#[test]
fn planted_orphans_are_found() {
    let planted = Planted::new("orphans")
        .file(
            "gateway/core/src/lib.rs",
            "//! A.\npub mod phi;\npub mod seal;\nmod gone;\n",
        )
        .file("gateway/core/src/seal/mod.rs", "//! B.\n")
        .file("gateway/core/src/lost.rs", "//! C.\n")
        .file("gateway/core/src/phi/lost.rs", "//! C.\n")
        .file(
            "gateway/core/tests/reader.rs",
            "//! D.\nmod reader_cases;\n",
        )
        .file("gateway/core/tests/reader_cases.rs", "//! E.\n");
    expect_places(
        &findings(&planted.read()),
        &[
            "gateway/core/src/lib.rs:4",
            "gateway/core/src/lost.rs:0",
            "gateway/core/src/phi/lost.rs:0",
            "gateway/core/src/seal/mod.rs:0",
        ],
    );
}
