//! Runs the syntax cases of a folder, and answers every message of the files that have no
//! expectation. What a case says is held against its answer in `syntax_case`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::source_file::SourceFile;
use isthmus_hl7v2::batch::split;
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use serde::Serialize;

use crate::expectation;
use crate::message_answer::{Answer, answer};
use crate::syntax_case::differences;

/// What the files of expectations are called, behind the name of the case.
const EXPECTATIONS: &str = "expect";

/// What files of messages are called.
const MESSAGES: [&str; 6] = ["hl7", "hl7v2", "er7", "msg", "dat", "txt"];

/// Folders below each other, at most.
const DEPTH_MAX: usize = 16;

/// Files, at most.
const FILES_MAX: usize = 100_000;

/// What came of a folder.
#[derive(Debug, Default, Serialize)]
pub struct SyntaxReport {
    /// The cases, by their paths.
    pub cases: Vec<CaseResult>,
    /// The files without an expectation, by their paths.
    pub files: Vec<FileResult>,
    /// Files that hold no messages and were passed over.
    pub passed_over: usize,
    /// Expectations that cannot be read.
    #[serde(skip)]
    pub problems: Vec<Diagnostic>,
}

/// What came of a case.
#[derive(Debug, Serialize)]
pub struct CaseResult {
    /// Its path below the folder, without the ending.
    pub case: String,
    /// What differs from the expectation.
    pub differences: Vec<String>,
}

/// What came of a file without an expectation.
#[derive(Debug, Serialize)]
pub struct FileResult {
    /// Its path below the folder.
    pub file: String,
    /// How many messages it has.
    pub messages: usize,
    /// How many of them can be read.
    pub accepted: usize,
    /// Those that cannot.
    pub refused: Vec<RefusedMessage>,
    /// Those that the grammar failed on, counted from 1.
    pub panicked: Vec<usize>,
    /// What is wrong with the envelope.
    pub envelope: Vec<String>,
}

/// A message that cannot be read.
#[derive(Debug, Serialize)]
pub struct RefusedMessage {
    /// Which of its file, counted from 1.
    pub message: usize,
    /// The condition of table 0357.
    pub code: u16,
    /// Where.
    pub place: String,
    /// Why.
    pub reason: String,
}

impl SyntaxReport {
    /// How many cases differ from their expectations, are without bytes, or cannot be read.
    pub fn failed(&self) -> usize {
        let cases = self.cases.iter();
        let differing = cases.filter(|case| !case.differences.is_empty()).count();
        differing.saturating_add(self.problems.len())
    }

    /// How many messages of files without an expectation the grammar failed on.
    pub fn panicked(&self) -> usize {
        self.files.iter().map(|file| file.panicked.len()).sum()
    }
}

/// Runs everything below a folder, or the one file that is named.
///
/// # Errors
/// When a folder or file cannot be read, or there are too many.
pub fn run(folder: &Path) -> io::Result<SyntaxReport> {
    let mut paths = Vec::new();
    if folder.is_file() {
        paths.push(folder.to_path_buf());
    } else {
        list(folder, 0, &mut paths)?;
    }
    paths.sort();
    let mut report = SyntaxReport::default();
    for path in &paths {
        run_file(folder, path, &mut report)?;
    }
    Ok(report)
}

fn list(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    let place = |error: io::Error| {
        let text = format!("{}: {error}", folder.display());
        io::Error::new(error.kind(), text)
    };
    for entry in fs::read_dir(folder).map_err(place)? {
        let entry = entry.map_err(place)?;
        let kind = entry.file_type().map_err(place)?;
        if kind.is_dir() && depth < DEPTH_MAX {
            list(&entry.path(), depth.saturating_add(1), paths)?;
        } else if kind.is_dir() || paths.len() >= FILES_MAX {
            let text = format!("more than {FILES_MAX} files or {DEPTH_MAX} levels of folders");
            return Err(place(io::Error::other(text)));
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
    Ok(())
}

fn run_file(folder: &Path, path: &Path, report: &mut SyntaxReport) -> io::Result<()> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let below = path.strip_prefix(folder).unwrap_or(path);
    let below = if below.as_os_str().is_empty() {
        path
    } else {
        below
    };
    if extension == EXPECTATIONS {
        // Read with the messages it is about; alone, it is a case without bytes.
        let has_messages = MESSAGES
            .iter()
            .any(|kind| path.with_extension(kind).is_file());
        if !has_messages {
            report.cases.push(CaseResult {
                case: below.with_extension("").display().to_string(),
                differences: vec!["there is no file of messages beside it".to_owned()],
            });
        }
        return Ok(());
    }
    if !MESSAGES.contains(&extension.as_ref()) {
        report.passed_over = report.passed_over.saturating_add(1);
        return Ok(());
    }
    let bytes = fs::read(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    let expected = path.with_extension(EXPECTATIONS);
    if !expected.is_file() {
        if extension != "txt" || holds_messages(&bytes) {
            report.files.push(answer_file(below, &bytes));
        } else {
            report.passed_over = report.passed_over.saturating_add(1);
        }
        return Ok(());
    }
    let source = SourceFile::new(
        expected.display().to_string(),
        fs::read_to_string(&expected)?,
    );
    match expectation::read(&source) {
        Ok(expectation) => report.cases.push(CaseResult {
            case: below.with_extension("").display().to_string(),
            differences: differences(&bytes, &expectation),
        }),
        Err(problems) => report.problems.extend(problems),
    }
    Ok(())
}

/// Whether a line of a text opens a message or an envelope.
fn holds_messages(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| matches!(byte, b'\r' | b'\n'));
    lines.any(|line| {
        [b"MSH", b"FHS", b"BHS"]
            .iter()
            .any(|name| line.starts_with(*name))
    })
}

/// Answers every message of a file.
fn answer_file(path: &Path, bytes: &[u8]) -> FileResult {
    let rules = CharsetRules {
        default: Charset::UTF_8,
        overriding: None,
        malformed: Malformed::Reject,
    };
    let split = split(bytes);
    let envelope = split.findings.iter();
    let envelope = envelope.map(|one| format!("byte {}: {}", one.offset, one.problem));
    let nothing = split.messages.is_empty();
    let nothing = nothing.then(|| "the file holds no message".to_owned());
    let mut result = FileResult {
        file: path.display().to_string(),
        messages: split.messages.len(),
        accepted: 0,
        refused: Vec::new(),
        panicked: Vec::new(),
        envelope: envelope.chain(nothing).collect(),
    };
    for (number, span) in (1_usize..).zip(&split.messages) {
        let message = bytes.get(span.range.clone()).unwrap_or_default();
        match answer(message, &rules) {
            Answer::Accepted(_) => result.accepted = result.accepted.saturating_add(1),
            Answer::Refused(refused) => result.refused.push(RefusedMessage {
                message: number,
                code: refused.code.number(),
                place: refused.place,
                reason: refused.reason,
            }),
            Answer::Panicked => result.panicked.push(number),
        }
    }
    result
}
