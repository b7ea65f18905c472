//! `Expectation`, what a conformance case says must come of its bytes, and its reading from text.
//! Holding an answer against it is done in `syntax_case`; `conformance/README.md` has the form.

use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::source_file::SourceFile;
use isthmus_core::span::Span;
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use isthmus_hl7v2::field::Presence;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::path::Hl7Path;

use crate::profile_codes::EXPECTATION;

/// What must come of the bytes of a case.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// How its sender's messages are decoded.
    pub rules: CharsetRules,
    /// Whether the bytes are a file to be taken apart, and not one message.
    pub is_file: bool,
    /// How many messages a file has.
    pub messages: Option<usize>,
    /// What is wrong with the envelope of a file, byte and words; all of it.
    pub envelope: Vec<(usize, String)>,
    /// What holds of which message, counted from 1.
    pub checks: Vec<(usize, Check)>,
}

/// One thing that must hold of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It can be read.
    Accepted,
    /// It cannot, with this code of table 0357 at this place.
    Refused {
        /// The code.
        code: u16,
        /// The place.
        place: String,
    },
    /// The reason of the refusal has these words.
    Because(String),
    /// It is decoded from this charset.
    Charset(String),
    /// So many times U+FFFD stands for bytes that are not of the charset.
    Replaced(usize),
    /// It has so many segments.
    Segments(usize),
    /// It is laid out on this structure; on none when it is `none`.
    Structure(String),
    /// The segments that have no place in the structure, by name, in order.
    OutOfPlace(String),
    /// This stands there.
    Value(Location, String),
    /// Something else stands there than a value.
    State(Location, Presence),
    /// The field repeats so often.
    Repeats(Location, usize),
}

/// Reads the text of an expectation.
///
/// # Errors
/// Every line that cannot be read, at its place.
pub fn read(file: &SourceFile) -> Result<Expectation, Vec<Diagnostic>> {
    let mut reading = Reading {
        expectation: Expectation {
            rules: CharsetRules {
                default: Charset::UTF_8,
                overriding: None,
                malformed: Malformed::Reject,
            },
            is_file: false,
            messages: None,
            envelope: Vec::new(),
            checks: Vec::new(),
        },
        current: 1,
    };
    let mut problems = Vec::new();
    let mut start = 0;
    for line in file.text().split_inclusive('\n') {
        let text = line.trim();
        let span = Span::new(start, start.saturating_add(line.trim_end().len()));
        start = start.saturating_add(line.len());
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if reading.line(text).is_none() {
            let message = "an expectation has no such line";
            let help = "conformance/README.md tells which there are";
            problems.push(Diagnostic::error(file, span, EXPECTATION, message).with_help(help));
        }
    }
    let says =
        |(_, check): &(usize, Check)| matches!(check, Check::Accepted | Check::Refused { .. });
    let expectation = reading.expectation;
    if problems.is_empty() && !expectation.is_file && !expectation.checks.iter().any(says) {
        let message = "the expectation says neither `accepted` nor `refused`";
        let help = "add one of the two";
        let at = Span::default();
        problems.push(Diagnostic::error(file, at, EXPECTATION, message).with_help(help));
    }
    if problems.is_empty() {
        Ok(expectation)
    } else {
        Err(problems)
    }
}

struct Reading {
    expectation: Expectation,
    /// The message that lines are about.
    current: usize,
}

impl Reading {
    /// Takes a line over; None when there is no such line.
    fn line(&mut self, line: &str) -> Option<()> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let expectation = &mut self.expectation;
        match word {
            "file" if rest.is_empty() => expectation.is_file = true,
            "replace" if rest.is_empty() => expectation.rules.malformed = Malformed::Replace,
            "default" => expectation.rules.default = charset(rest)?,
            "override" => expectation.rules.overriding = Some(charset(rest)?),
            "messages" => expectation.messages = Some(rest.parse().ok()?),
            "envelope" => {
                let (byte, words) = rest.split_once(' ')?;
                let finding = (byte.parse().ok()?, quoted(words)?);
                expectation.envelope.push(finding);
            }
            "message" => self.current = rest.parse().ok().filter(|number| *number > 0)?,
            _ => {
                let check = check(word, rest)?;
                expectation.checks.push((self.current, check));
            }
        }
        Some(())
    }
}

fn check(word: &str, rest: &str) -> Option<Check> {
    Some(match word {
        "accepted" if rest.is_empty() => Check::Accepted,
        "refused" => {
            let (code, place) = rest.split_once(" at ")?;
            Check::Refused {
                code: code.trim().parse().ok()?,
                place: place.trim().to_owned(),
            }
        }
        "because" => Check::Because(quoted(rest)?),
        "charset" => Check::Charset(quoted(rest)?),
        "replaced" => Check::Replaced(rest.parse().ok()?),
        "segments" => Check::Segments(rest.parse().ok()?),
        "structure" if !rest.is_empty() => Check::Structure(rest.to_owned()),
        "misplaced" => Check::OutOfPlace(rest.to_owned()),
        path => {
            let place = Location::of_path(&Hl7Path::parse(path).ok()?)?;
            place.field?;
            at_place(place, rest)?
        }
    })
}

fn at_place(place: Location, rest: &str) -> Option<Check> {
    let (word, rest) = rest.split_once(' ')?;
    Some(match (word, rest.trim()) {
        ("=", text) => Check::Value(place, quoted(text)?),
        ("repeats", number) => Check::Repeats(place, number.parse().ok()?),
        ("is", "absent") => Check::State(place, Presence::Absent),
        ("is", "empty") => Check::State(place, Presence::Empty),
        ("is", "null") => Check::State(place, Presence::Null),
        _ => return None,
    })
}

/// `charset "8859/1"`.
fn charset(rest: &str) -> Option<Charset> {
    Charset::named(&quoted(rest.strip_prefix("charset ")?)?)
}

/// A text in quotes, written as JSON writes one.
fn quoted(text: &str) -> Option<String> {
    serde_json::from_str(text.trim()).ok()
}
