//! Rule: a name is imported from the file that defines it, never through `super`, a crate's root
//! or a folder's door. Inline test modules are excepted.

use std::collections::BTreeMap;

use isthmus_tests::module_tree::{ModuleTree, library_trees};
use isthmus_tests::source_tree::SourceTree;
use isthmus_tests::test_modules::without_test_modules;
use isthmus_tests::tokens::tokens;
use isthmus_tests::used_paths::used_paths;

use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::{Planted, this_repository};

const MEND: &str = "name the defining file: crate::file::Name or isthmus_x::file::Name";

fn findings(tree: &SourceTree) -> Vec<Finding> {
    let libraries = library_trees(tree);
    let mut found = Vec::new();
    for target in tree.packages.iter().flat_map(|package| &package.targets) {
        let modules = ModuleTree::follow(tree, target);
        for (at, file) in &modules.modules {
            // A root file of tests is at times also a module of another; it is read as a root.
            let is_other_root = !at.is_empty()
                && tree
                    .packages
                    .iter()
                    .flat_map(|p| &p.targets)
                    .any(|other| other.root == *file);
            if !is_other_root {
                found.extend(file_findings(tree, &modules, at, file, &libraries));
            }
        }
    }
    found
}

fn file_findings(
    tree: &SourceTree,
    modules: &ModuleTree,
    at: &[String],
    file: &str,
    libraries: &BTreeMap<String, ModuleTree>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let all = tokens(tree.files.get(file).map_or("", String::as_str));
    for path in used_paths(&without_test_modules(&all)) {
        let first = path.segments[0];
        let is_ours = first == "crate" || libraries.contains_key(first);
        let is_through_door = is_ours
            && modules
                .destination(at, &path.segments, libraries)
                .is_some_and(|destination| {
                    tree.is_door(&destination.file) || modules.modules[&[][..]] == destination.file
                });
        if first == "super" || is_through_door {
            found.push(Finding {
                file: file.to_owned(),
                line: path.line,
                fault: format!("{} names no defining file", path.segments.join("::")),
                mend: MEND,
            });
        }
    }
    found
}

#[test]
fn names_are_imported_from_their_files() {
    expect_none("own doors", &findings(&this_repository()));
}

#[test]
fn planted_imports_through_doors_are_found() {
    let planted = Planted::new("own_door")
        .file(
            "gateway/core/src/lib.rs",
            "//! A.\npub mod phi;\npub mod privacy;\n",
        )
        .file(
            "gateway/core/src/privacy.rs",
            "//! B.\nmod policy;\npub use self::policy::P;\n",
        )
        .file(
            "gateway/core/src/privacy/policy.rs",
            "//! C.\nuse crate::Phi;\nuse crate::phi::Phi;\nuse super::Q;\npub(super) fn f() {}\n\
             #[cfg(test)]\nmod tests { use super::*; }\n",
        )
        .file(
            "gateway/core/src/phi.rs",
            "//! D.\nuse crate::privacy::P;\n",
        )
        .file(
            "gateway/core/tests/masks.rs",
            "//! E.\nuse isthmus_core::Phi;\nuse isthmus_core::phi::Phi;\n",
        );
    expect_places(
        &findings(&planted.read()),
        &[
            "gateway/core/src/phi.rs:2",
            "gateway/core/src/privacy/policy.rs:2",
            "gateway/core/src/privacy/policy.rs:4",
            "gateway/core/tests/masks.rs:2",
        ],
    );
}
