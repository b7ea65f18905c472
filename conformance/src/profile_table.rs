//! A profile's file as tables of keys with their places: typed reading that collects every
//! complaint instead of stopping at the first. What the keys mean is said where they are read.

use isthmus_core::diagnostic::{Code, Diagnostic};
use isthmus_core::source_file::SourceFile;
use isthmus_core::span::Span;
use isthmus_fhir::spelling::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::profile_codes::{MISSING_KEY, NOT_TOML, UNKNOWN_KEY, VALUE_FORM};

/// A larger file is refused.
const BYTES_MAX: usize = 1 << 20;

/// The complaints about one file.
#[derive(Debug)]
pub(crate) struct Complaints<'f> {
    pub(crate) file: &'f SourceFile,
    pub(crate) list: Vec<Diagnostic>,
}

impl<'f> Complaints<'f> {
    pub(crate) const fn new(file: &'f SourceFile) -> Self {
        let list = Vec::new();
        Self { file, list }
    }

    /// Adds an error with how to mend it.
    pub(crate) fn error(
        &mut self,
        span: Span,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(self.file, span, code, message).with_help(help);
        self.list.push(diagnostic);
    }

    /// Adds an error about a name that is not there, with the nearest that are, else with all of a
    /// few, else with `otherwise`.
    pub(crate) fn not_known<'n>(
        &mut self,
        word: &Placed<String>,
        (code, message): (Code, String),
        known: impl IntoIterator<Item = &'n str>,
        otherwise: &str,
    ) {
        let mut known: Vec<&str> = known.into_iter().collect();
        known.sort_unstable();
        known.dedup();
        let near = nearest(&word.value, known.iter().copied());
        let help = match (near.as_slice(), known.as_slice()) {
            ([], []) => otherwise.to_owned(),
            ([], few) if few.len() <= 16 => format!("there are {}", few.join(", ")),
            ([], _) => otherwise.to_owned(),
            (near, _) => format!("did you mean `{}`?", near.join("` or `")),
        };
        self.error(word.span, code, message, help);
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl Placed<String> {
    /// The place of a part of the text, given by byte offsets into it; the whole when escapes stand
    /// between the file's bytes and the text's.
    pub(crate) fn part(&self, file: &SourceFile, start: usize, end: usize) -> Span {
        let written = file.slice(self.span);
        let inner = written.get(1..written.len().saturating_sub(1));
        if inner == Some(self.value.as_str()) && start < end {
            self.span
                .part(start.saturating_add(1), end.saturating_add(1))
        } else {
            self.span
        }
    }
}

/// How a table is called in messages, and which keys it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys {
    pub(crate) table: &'static str,
    pub(crate) accepted: &'static [&'static str],
}

/// One table of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProfileTable<'t> {
    table: &'t DeTable<'t>,
    pub(crate) span: Span,
    keys: Keys,
}

/// Reads a file as TOML; None when it is not, which is complained of.
pub(crate) fn parse<'f>(
    file: &'f SourceFile,
    complaints: &mut Complaints<'_>,
) -> Option<Spanned<DeTable<'f>>> {
    if file.text().len() > BYTES_MAX {
        let message = format!("the file is larger than {BYTES_MAX} bytes");
        let help = "write a profile for each kind of message";
        complaints.error(Span::default(), NOT_TOML, message, help);
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(file.text());
    for error in &errors {
        let at = error.span().unwrap_or_default();
        let message = error.message().lines().next().unwrap_or_default();
        let message = format!("not TOML: {message}");
        let help = "https://toml.io has the grammar";
        complaints.error(Span::new(at.start, at.end), NOT_TOML, message, help);
    }
    errors.is_empty().then_some(table)
}

impl<'t> ProfileTable<'t> {
    /// The table as one that takes these keys; every other key is complained of.
    pub(crate) fn new(
        table: &'t Spanned<DeTable<'t>>,
        keys: Keys,
        complaints: &mut Complaints<'_>,
    ) -> Self {
        Self::checked(table.get_ref(), span_of(table), keys, complaints)
    }

    fn checked(
        table: &'t DeTable<'t>,
        span: Span,
        keys: Keys,
        complaints: &mut Complaints<'_>,
    ) -> Self {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if keys.accepted.contains(&name) {
                continue;
            }
            let word = Placed {
                value: name.to_owned(),
                span: span_of(key),
            };
            let message = format!("{} has no key `{name}`", keys.table);
            let known = keys.accepted.iter().copied();
            complaints.not_known(&word, (UNKNOWN_KEY, message), known, "remove it");
        }
        Self { table, span, keys }
    }

    /// Whether the key is there, right or wrong.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where the value of a key stands; the table's own place when it is absent.
    pub(crate) fn span_of(&self, key: &str) -> Span {
        self.table.get(key).map_or(self.span, span_of)
    }

    /// Complains that a key is not there.
    fn missing(&self, key: &str, complaints: &mut Complaints<'_>) {
        let message = format!("{} has no `{key}`", self.keys.table);
        let help = format!("add `{key} = ...`");
        complaints.error(self.span, MISSING_KEY, message, help);
    }

    fn wrong(&self, key: &str, form: &str, complaints: &mut Complaints<'_>) {
        let message = format!("`{key}` is {form}");
        complaints.error(self.span_of(key), VALUE_FORM, message, "write it so");
    }

    /// The text of a key, not empty; None when absent or wrong, of which the latter is complained.
    pub(crate) fn text(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Placed<String>> {
        let text = text_of(self.table.get(key)?);
        if text.is_none() {
            self.wrong(key, "text in quotes that is not empty", complaints);
        }
        text
    }

    /// The text of a key that must be there.
    pub(crate) fn required_text(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Placed<String>> {
        if !self.has(key) {
            self.missing(key, complaints);
        }
        self.text(key, complaints)
    }

    /// A list of texts that is not empty; None when absent or wrong.
    pub(crate) fn texts(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Vec<Placed<String>>> {
        let list = self.table.get(key)?.get_ref().as_array();
        let list = list.filter(|list| !list.is_empty());
        let texts = list.and_then(|list| list.iter().map(text_of).collect());
        if texts.is_none() {
            self.wrong(key, "a list of texts in quotes", complaints);
        }
        texts
    }

    /// A list of texts that must be there.
    pub(crate) fn required_texts(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Vec<Placed<String>>> {
        if !self.has(key) {
            self.missing(key, complaints);
        }
        self.texts(key, complaints)
    }

    /// A whole number from `least` to `most`; None when absent or wrong.
    pub(crate) fn number(
        &self,
        key: &str,
        (least, most): (u32, u32),
        complaints: &mut Complaints<'_>,
    ) -> Option<u32> {
        let number = self.table.get(key)?.get_ref().as_integer();
        let number =
            number.and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let form = format!("a whole number from {least} to {most}");
            self.wrong(key, &form, complaints);
        }
        number
    }

    /// How often something may stand; None when absent or wrong.
    pub(crate) fn times(&self, key: &str, complaints: &mut Complaints<'_>) -> Option<u16> {
        let number = self.number(key, (0, u32::from(u16::MAX)), complaints)?;
        u16::try_from(number).ok()
    }

    /// `true` or `false`; false when absent.
    pub(crate) fn flag(&self, key: &str, complaints: &mut Complaints<'_>) -> bool {
        let Some(value) = self.table.get(key) else {
            return false;
        };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(key, "true or false", complaints);
        }
        flag.unwrap_or(false)
    }

    /// The tables of a list such as `[[message]]`; none when absent or wrong.
    pub(crate) fn tables(
        &self,
        keys: Keys,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Vec<Self> {
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let table = |value: &'t Spanned<DeValue<'t>>| {
            let table = value.get_ref().as_table()?;
            Some((table, span_of(value)))
        };
        let list = value.get_ref().as_array();
        let tables: Option<Vec<_>> = list.and_then(|list| list.iter().map(table).collect());
        let Some(tables) = tables else {
            let form = format!("a list of tables: write {}", keys.table);
            self.wrong(key, &form, complaints);
            return Vec::new();
        };
        let tables = tables.into_iter();
        tables
            .map(|(table, span)| Self::checked(table, span, keys, complaints))
            .collect()
    }
}

fn text_of(value: &Spanned<DeValue<'_>>) -> Option<Placed<String>> {
    let text = value.get_ref().as_str();
    let text = text.filter(|text| !text.trim().is_empty())?;
    Some(Placed {
        value: text.to_owned(),
        span: span_of(value),
    })
}

fn span_of<T>(value: &Spanned<T>) -> Span {
    let span = value.span();
    Span::new(span.start, span.end)
}
