//! Rule: files of at most 400 lines, functions of at most 70, lines of at most 100 columns, and a
//! `//!` sentence at the top of each file. What is excepted stands in `exceptions.txt`.

use isthmus_tests::source_tree::SourceTree;
use isthmus_tests::tokens::{Kind, Token, behind_closing, tokens};

use crate::exceptions::{Excesses, LIST, apply};
use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::{Planted, this_repository};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_COLUMNS_MAX: usize = 100;

fn findings(tree: &SourceTree) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut excesses = Excesses::new();
    for (file, text) in &tree.files {
        if !text.starts_with("//!") {
            found.push(Finding {
                file: file.clone(),
                line: 1,
                fault: "the file does not open with //!".to_owned(),
                mend: "say in one sentence what lives there, and in one what does not",
            });
        }
        measure(file, text, &mut excesses);
    }
    let list = std::fs::read_to_string(tree.root.join(LIST)).unwrap_or_default();
    found.extend(apply(&list, excesses));
    found
}

/// Adds what is over a limit in one file.
fn measure(file: &str, text: &str, excesses: &mut Excesses) {
    let mut exceed = |rule: String, line, measured: usize, fault: String, mend| {
        let finding = Finding {
            file: file.to_owned(),
            line,
            fault,
            mend,
        };
        excesses.insert((file.to_owned(), rule), (measured, finding));
    };
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        let fault = format!("{lines} lines, more than {FILE_LINES_MAX}");
        exceed(
            "file-lines".to_owned(),
            0,
            lines,
            fault,
            "split it by what it holds",
        );
    }
    let widths = || text.lines().map(|line| line.chars().count());
    if let Some(wide) = widths().position(|width| width > LINE_COLUMNS_MAX) {
        let excess: usize = widths()
            .map(|width| width.saturating_sub(LINE_COLUMNS_MAX))
            .sum();
        let fault = format!("a line over {LINE_COLUMNS_MAX} columns, {excess} too many in all");
        exceed(
            "excess-columns".to_owned(),
            wide + 1,
            excess,
            fault,
            "break the line",
        );
    }
    for (name, first, last) in functions(&tokens(text)) {
        let length = last + 1 - first;
        if length > FUNCTION_LINES_MAX {
            let fault = format!("fn {name} has {length} lines, more than {FUNCTION_LINES_MAX}");
            let rule = format!("function-lines:{name}");
            exceed(
                rule,
                first,
                length,
                fault,
                "give its steps names of their own",
            );
        }
    }
}

/// Every function with a body: its name, the line of `fn`, the line of its closing brace.
fn functions<'a>(all: &[Token<'a>]) -> Vec<(&'a str, usize, usize)> {
    let mut found = Vec::new();
    for (at, window) in all.windows(2).enumerate() {
        let [keyword, name] = window else { continue };
        if !keyword.is_word("fn") || name.kind != Kind::Word {
            continue;
        }
        let mut place = at + 2;
        while let Some(token) = all.get(place) {
            if token.is_mark("{") {
                let end = behind_closing(all, place);
                found.push((name.text, keyword.line, all[end - 1].line));
                break;
            } else if token.is_mark(";") {
                break;
            }
            let is_opening = token.is_mark("(") || token.is_mark("[");
            place = if is_opening {
                behind_closing(all, place)
            } else {
                place + 1
            };
        }
    }
    found
}

#[test]
fn files_functions_and_lines_are_short() {
    expect_none("shape", &findings(&this_repository()));
}

#[test]
fn planted_lengths_are_found() {
    let long_file = format!("//! A.\n{}", "\n".repeat(400));
    let long_function = format!(
        "//! B.\n\nfn short(x: [u8; 4]) {{}}\ntrait T {{\n    fn none();\n}}\n\
         fn long() {{\n{}}}\n",
        "    f(\"}\");\n".repeat(69)
    );
    let wide = format!("//! C.\n// {}\n", "ä".repeat(98));
    let planted = Planted::new("shape")
        .file("gateway/core/src/a.rs", &long_file)
        .file("gateway/core/src/b.rs", &long_function)
        .file("gateway/core/src/c.rs", &wide)
        .file("gateway/core/src/d.rs", "// D.\n");
    expect_places(
        &findings(&planted.read()),
        &[
            "gateway/core/src/d.rs:1",
            "gateway/core/src/a.rs:0",
            "gateway/core/src/b.rs:7",
            "gateway/core/src/c.rs:2",
        ],
    );
}

#[test]
fn an_exception_excuses_the_measured_value_alone() {
    let planted = Planted::new("shape_exception")
        .file(
            "gateway/core/src/a.rs",
            &format!("//! A.\n{}", "\n".repeat(400)),
        )
        .file(
            "gateway/core/src/b.rs",
            &format!("//! A.\n{}", "\n".repeat(401)),
        )
        .file(
            LIST,
            "gateway/core/src/a.rs file-lines 401\ngateway/core/src/b.rs file-lines 401\n",
        );
    expect_places(&findings(&planted.read()), &["gateway/core/src/b.rs:0"]);
}
