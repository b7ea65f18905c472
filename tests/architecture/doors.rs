//! Rule: `lib.rs` and a file that stands beside the folder it names hold only documentation,
//! `mod` and `pub use`. What may be imported through a door is the business of `own_door`.

use isthmus_tests::source_tree::SourceTree;
use isthmus_tests::tokens::{Token, behind_closing, tokens};

use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::{Planted, this_repository};

fn findings(tree: &SourceTree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, text) in tree.files.iter().filter(|(file, _)| tree.is_door(file)) {
        if let Some(line) = first_item_line(&tokens(text)) {
            found.push(Finding {
                file: file.clone(),
                line,
                fault: "a door holds an item of its own".to_owned(),
                mend: "move it into a file named for it, and declare that here",
            });
        }
    }
    found
}

/// The line of the first item that is neither `mod name;` nor a public `use`.
fn first_item_line(all: &[Token<'_>]) -> Option<usize> {
    let mut at = 0;
    while let Some(token) = all.get(at) {
        if token.is_mark("#") {
            let open = if all.get(at + 1)?.is_mark("!") {
                at + 2
            } else {
                at + 1
            };
            at = behind_closing(all, open);
            continue;
        }
        let line = token.line;
        let is_public = token.is_word("pub");
        if is_public {
            at += 1;
            if all.get(at).is_some_and(|next| next.is_mark("(")) {
                at = behind_closing(all, at);
            }
        }
        let is_module = all.get(at).is_some_and(|word| word.is_word("mod"))
            && all.get(at + 2).is_some_and(|end| end.is_mark(";"));
        let is_export = is_public && all.get(at).is_some_and(|word| word.is_word("use"));
        if !is_module && !is_export {
            return Some(line);
        }
        at += all
            .iter()
            .skip(at)
            .position(|end| end.is_mark(";"))
            .map_or(all.len(), |n| n + 1);
    }
    None
}

#[test]
fn doors_hold_no_items() {
    expect_none("doors", &findings(&this_repository()));
}

#[test]
fn planted_items_in_doors_are_found() {
    let planted = Planted::new("doors")
        .file(
            "gateway/core/src/lib.rs",
            "//! A.\n#![allow(x)]\npub mod phi;\nuse phi::Phi;\n",
        )
        .file(
            "gateway/core/src/privacy.rs",
            "//! B.\n#[cfg(unix)]\nmod policy;\npub(crate) use policy::{P, Q};\npub fn f() {}\n",
        )
        .file(
            "gateway/core/src/privacy/policy.rs",
            "//! C.\npub fn g() {}\n",
        );
    expect_places(
        &findings(&planted.read()),
        &["gateway/core/src/lib.rs:4", "gateway/core/src/privacy.rs:5"],
    );
}
