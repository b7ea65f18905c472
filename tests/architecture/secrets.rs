//! Rule: no tracked file holds a private key, a path of one machine, the host name of a package
//! registry, or a word about tools that write text. Whether a patient is invented, a rule cannot
//! tell: that is for the reviewer.

use std::path::Path;
use std::process::Command;

use isthmus_tests::source_tree::{file_paths, repository_root};

use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::Planted;

/// Texts that appear nowhere, each cut in two so that this file keeps its own rule.
const NOWHERE: &[(&str, &str)] = &[
    ("crates", ".io"),
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("deb.", "debian.org"),
    ("security.", "debian.org"),
    ("registry.", "npmjs.org"),
    ("npm", "js.com"),
];

/// Folders of one machine: only as the first of an absolute path.
const MACHINE_FOLDERS: &[(&str, &str)] = &[("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/")];

/// Words that appear nowhere as words, capitals or not.
const WORDS: &[(&str, &str)] = &[
    ("cl", "aude"),
    ("anth", "ropic"),
    ("chat", "gpt"),
    ("open", "ai"),
    ("co", "pilot"),
    ("co-authored", "-by"),
    ("ai-gen", "erated"),
    ("ai-ass", "isted"),
    ("language ", "model"),
    ("ll", "m"),
];

/// How cargo writes where a package came from, in its own lock file.
const LOCK_SOURCE: &str = "source = \"registry+";

fn findings(root: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tracked_files(root) {
        let Ok(bytes) = std::fs::read(root.join(&file)) else {
            continue;
        };
        let is_lock = file == "Cargo.lock" || file.ends_with("/Cargo.lock");
        for (index, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            if is_lock && line.starts_with(LOCK_SOURCE) {
                continue;
            }
            if let Some((fault, mend)) = fault(line) {
                found.push(Finding {
                    file: file.clone(),
                    line: index + 1,
                    fault,
                    mend,
                });
            }
        }
    }
    found
}

/// What git tracks or would track; every file where there is no git to ask.
fn tracked_files(root: &Path) -> Vec<String> {
    let mut git = Command::new("git");
    git.current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    if root.join(".git").exists()
        && let Ok(output) = git.output()
        && output.status.success()
    {
        let listed = String::from_utf8_lossy(&output.stdout);
        return listed.split_terminator('\0').map(str::to_owned).collect();
    }
    file_paths(root).unwrap()
}

fn fault(line: &str) -> Option<(String, &'static str)> {
    if line.contains(concat!("PRIVATE", " KEY-----")) && line.contains("-----BEGIN") {
        let mend = "let the test make its own key, and take this one out of use";
        return Some(("a private key".to_owned(), mend));
    }
    let small = line.to_lowercase();
    let whole = |(start, end): &(&str, &str)| format!("{start}{end}");
    if let Some(host) = NOWHERE.iter().map(whole).find(|host| small.contains(host)) {
        let mend = "leave registries to the clients that know them";
        return Some((format!("the registry host {host}"), mend));
    }
    let starts_path = |c: char| !c.is_alphanumeric() && !"._-~$})>".contains(c);
    if let Some(folder) = MACHINE_FOLDERS
        .iter()
        .map(whole)
        .find(|folder| stands_behind(line, folder, starts_path))
    {
        let mend = "find the path from the repository's root or a stated setting";
        return Some((format!("a path below {folder}"), mend));
    }
    let ends_word = |c: char| !c.is_alphanumeric();
    let is_word = |word: &String| {
        stands_behind(&small, word, ends_word)
            && small
                .split(word.as_str())
                .skip(1)
                .any(|rest| rest.chars().next().is_none_or(ends_word))
    };
    let word = WORDS.iter().map(whole).find(is_word)?;
    Some((format!("the word \"{word}\""), "speak of the project alone"))
}

/// Whether `text` stands in the line, at its start or behind a character that `may_precede`.
fn stands_behind(line: &str, text: &str, may_precede: impl Fn(char) -> bool) -> bool {
    line.match_indices(text)
        .any(|(at, _)| line[..at].chars().next_back().is_none_or(&may_precede))
}

#[test]
fn tracked_files_tell_of_the_project_alone() {
    expect_none("secrets", &findings(&repository_root()));
}

#[test]
fn planted_secrets_are_found() {
    let lines = [
        concat!("-----BEGIN EC PRIVATE", " KEY-----"),
        concat!("see https://static.crates", ".io/x"),
        concat!("\"/ho", "me/someone/x\""),
        "/homes/x, a/home/x, https://host/root/x, the LLVM exception, anthropical",
        concat!("Written with Cl", "aude."),
        concat!("Co-Authored", "-By: someone"),
    ];
    let lock = format!(
        "{LOCK_SOURCE}https://crates{}\"\nother = \"crates{0}\"\n",
        ".io"
    );
    let planted = Planted::new("secrets")
        .file("README.md", &lines.join("\n"))
        .file("Cargo.lock", &lock);
    expect_places(
        &findings(planted.root()),
        &[
            "Cargo.lock:2",
            "README.md:1",
            "README.md:2",
            "README.md:3",
            "README.md:5",
            "README.md:6",
        ],
    );
}
