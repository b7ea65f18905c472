//! A policy file as a table of keys with their places: typed reading that collects every complaint
//! instead of stopping at the first. What the keys mean is said by the types that read them.

use std::borrow::Cow;

use isthmus_fhir::spelling::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic};
use crate::privacy::closed_list::ClosedList;
use crate::privacy::codes;
use crate::privacy::suggestion::did_you_mean;
use crate::source_file::SourceFile;
use crate::span::Span;

/// A larger file is refused.
const BYTES_MAX: usize = 1 << 20;

/// The complaints about one file.
#[derive(Debug)]
pub(in crate::privacy) struct Complaints<'f> {
    pub(in crate::privacy) file: &'f SourceFile,
    pub(in crate::privacy) list: Vec<Diagnostic>,
}

impl<'f> Complaints<'f> {
    pub(in crate::privacy) const fn new(file: &'f SourceFile) -> Self {
        let list = Vec::new();
        Self { file, list }
    }

    /// Adds an error and gives it back for a help or a note.
    pub(in crate::privacy) fn error(&mut self, span: Span, code: Code, message: impl Into<String>) {
        let diagnostic = Diagnostic::error(self.file, span, code, message);
        self.list.push(diagnostic);
    }

    /// Adds an error with a help.
    pub(in crate::privacy) fn error_with_help(
        &mut self,
        span: Span,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(self.file, span, code, message).with_help(help);
        self.list.push(diagnostic);
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::privacy) struct Placed<T> {
    pub(in crate::privacy) value: T,
    pub(in crate::privacy) span: Span,
}

impl<T> Placed<T> {
    /// Another value at the same place.
    pub(in crate::privacy) fn with<U>(&self, value: U) -> Placed<U> {
        let span = self.span;
        Placed { value, span }
    }
}

/// Text and where it stands, its quotes included.
pub(in crate::privacy) type Word = Placed<String>;

impl Word {
    /// The place of a part of the text, given by byte offsets into it; the whole when escapes stand
    /// between the file's bytes and the text's.
    pub(in crate::privacy) fn part(&self, file: &SourceFile, start: usize, end: usize) -> Span {
        let written = file.slice(self.span);
        let inner = written.get(1..written.len().saturating_sub(1));
        if inner == Some(self.value.as_str()) && start < end {
            self.span.part(start + 1, end + 1)
        } else {
            self.span
        }
    }
}

/// Which keys a table takes.
#[derive(Debug, Clone, Copy)]
pub(in crate::privacy) struct Keys {
    /// How the table is called in messages, such as `[recipient]`.
    pub(in crate::privacy) table: &'static str,
    /// Those that are enforced.
    pub(in crate::privacy) accepted: &'static [&'static str],
    /// Those that the language has and this version does not enforce.
    pub(in crate::privacy) not_enforced: &'static [&'static str],
}

/// One table of a file.
#[derive(Debug, Clone, Copy)]
pub(in crate::privacy) struct PolicyTable<'t> {
    table: &'t DeTable<'t>,
    pub(in crate::privacy) span: Span,
    keys: Keys,
}

/// Reads a file as TOML; None when it is not, which is complained of.
pub(in crate::privacy) fn parse<'f>(
    file: &'f SourceFile,
    complaints: &mut Complaints<'_>,
) -> Option<Spanned<DeTable<'f>>> {
    if file.text().len() > BYTES_MAX {
        let message = format!("the file is larger than {BYTES_MAX} bytes");
        complaints.error(Span::default(), codes::NOT_TOML, message);
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(file.text());
    for error in &errors {
        let at = error.span().unwrap_or_default();
        let message = error.message().lines().next().unwrap_or_default();
        let message = format!("not TOML: {message}");
        complaints.error(Span::new(at.start, at.end), codes::NOT_TOML, message);
    }
    errors.is_empty().then_some(table)
}

impl<'t> PolicyTable<'t> {
    /// The table as one that takes these keys; every other key is complained of.
    pub(in crate::privacy) fn new(
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
            let (name, at) = (key.get_ref().as_ref(), span_of(key));
            let accepted = || format!("accepted in {}: {}", keys.table, keys.accepted.join(", "));
            if keys.not_enforced.contains(&name) {
                let message = format!("`{name}` is not enforced by this version");
                complaints.error_with_help(at, codes::NOT_ENFORCED, message, accepted());
            } else if !keys.accepted.contains(&name) {
                let known = keys.accepted.iter().chain(keys.not_enforced).copied();
                let help = did_you_mean(&nearest(name, known)).unwrap_or_else(accepted);
                let message = format!("{} has no key `{name}`", keys.table);
                complaints.error_with_help(at, codes::UNKNOWN_KEY, message, help);
            }
        }
        Self { table, span, keys }
    }

    /// Complains that a key is not there.
    pub(in crate::privacy) fn missing(&self, key: &str, complaints: &mut Complaints<'_>) {
        let message = format!("{} has no `{key}`", self.keys.table);
        let help = format!("add `{key} = ...`");
        complaints.error_with_help(self.span, codes::MISSING_KEY, message, help);
    }

    /// Whether the key is there, right or wrong.
    pub(in crate::privacy) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The text of a key, not empty; None when absent or wrong, of which the latter is complained.
    pub(in crate::privacy) fn text(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Word> {
        let value = self.table.get(key)?;
        text_of(value, key, complaints)
    }

    /// The text of a key that must be there.
    pub(in crate::privacy) fn required_text(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Word> {
        if !self.has(key) {
            self.missing(key, complaints);
        }
        self.text(key, complaints)
    }

    /// The id of this table: small letters, digits, `-`, at most 64.
    pub(in crate::privacy) fn required_id(&self, complaints: &mut Complaints<'_>) -> Option<Word> {
        let word = self.required_text("id", complaints)?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if word.value.len() <= 64 && word.value.bytes().all(fits) {
            return Some(word);
        }
        let message = "an id is made of small letters, digits and hyphens, at most 64";
        complaints.error(word.span, codes::VALUE_FORM, message);
        None
    }

    /// One word of a closed list.
    pub(in crate::privacy) fn listed<T: ClosedList>(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Placed<T>> {
        let word = self.text(key, complaints)?;
        listed(&word, key, complaints)
    }

    /// One word of a closed list that must be there.
    pub(in crate::privacy) fn required_listed<T: ClosedList>(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Placed<T>> {
        let word = self.required_text(key, complaints)?;
        listed(&word, key, complaints)
    }

    /// A list of texts; None when absent or wrong.
    pub(in crate::privacy) fn texts(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Vec<Word>> {
        let value = self.table.get(key)?;
        let Some(list) = value.get_ref().as_array().filter(|list| !list.is_empty()) else {
            let message = format!("`{key}` is a list of texts that is not empty");
            complaints.error(span_of(value), codes::VALUE_FORM, message);
            return None;
        };
        list.iter()
            .map(|value| text_of(value, key, complaints))
            .collect()
    }

    /// A whole number from 1 on.
    pub(in crate::privacy) fn required_count(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<u32> {
        if !self.has(key) {
            self.missing(key, complaints);
        }
        self.count(key, complaints)
    }

    /// A whole number from 1 on; None when absent or wrong.
    pub(in crate::privacy) fn count(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<u32> {
        let value = self.table.get(key)?;
        let number = value.get_ref().as_integer();
        let number =
            number.and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        let number = number.filter(|number| *number > 0);
        if number.is_none() {
            let message = format!("`{key}` is a whole number from 1 on");
            complaints.error(span_of(value), codes::VALUE_FORM, message);
        }
        number
    }

    /// `true` or `false`; false when absent.
    pub(in crate::privacy) fn flag(&self, key: &str, complaints: &mut Complaints<'_>) -> bool {
        let Some(value) = self.table.get(key) else {
            return false;
        };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            let message = format!("`{key}` is true or false");
            complaints.error(span_of(value), codes::VALUE_FORM, message);
        }
        flag.unwrap_or(false)
    }

    /// A calendar day that must be there, as text or as a TOML date.
    pub(in crate::privacy) fn required_day(
        &self,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Placed<jiff::civil::Date>> {
        let Some(value) = self.table.get(key) else {
            self.missing(key, complaints);
            return None;
        };
        let text: Cow<'_, str> = match value.get_ref() {
            DeValue::String(text) => Cow::Borrowed(text.as_ref()),
            DeValue::Datetime(date) => Cow::Owned(date.to_string()),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => Cow::Borrowed(""),
        };
        let day = (text.len() == 10).then(|| text.parse().ok()).flatten();
        if day.is_none() {
            let message = format!("`{key}` is a day such as \"2027-06-30\"");
            complaints.error(span_of(value), codes::VALUE_FORM, message);
        }
        let span = span_of(value);
        day.map(|value| Placed { value, span })
    }

    /// The table below a key; None when absent or wrong.
    pub(in crate::privacy) fn table(
        &self,
        keys: Keys,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Option<Self> {
        let value = self.table.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            let message = format!("`{key}` is a table: write {}", keys.table);
            complaints.error(span_of(value), codes::VALUE_FORM, message);
            return None;
        };
        Some(Self::checked(table, span_of(value), keys, complaints))
    }

    /// The tables of a list such as `[[flow]]`; none when absent or wrong.
    pub(in crate::privacy) fn tables(
        &self,
        keys: Keys,
        key: &str,
        complaints: &mut Complaints<'_>,
    ) -> Vec<Self> {
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let list = value.get_ref().as_array();
        let tables = list.map(|list| {
            let tables = list
                .iter()
                .filter_map(|one| Some((one.get_ref().as_table()?, span_of(one))));
            (tables.collect::<Vec<_>>(), list.len())
        });
        match tables {
            Some((tables, all)) if tables.len() == all => tables
                .into_iter()
                .map(|(table, span)| Self::checked(table, span, keys, complaints))
                .collect(),
            Some(_) | None => {
                let message = format!("`{key}` is a list of tables: write {}", keys.table);
                complaints.error(span_of(value), codes::VALUE_FORM, message);
                Vec::new()
            }
        }
    }
}

/// One word of a closed list, or a complaint that names the nearest.
pub(in crate::privacy) fn listed<T: ClosedList>(
    word: &Word,
    key: &str,
    complaints: &mut Complaints<'_>,
) -> Option<Placed<T>> {
    let found = T::of(&word.value);
    let all: Vec<&str> = T::ALL.iter().map(|one| one.word()).collect();
    let accepted = || format!("{key} is one of {}", all.join(", "));
    if T::NOT_ENFORCED.contains(&word.value.as_str()) {
        let message = format!("{key} `{}` is not enforced by this version", word.value);
        complaints.error_with_help(word.span, codes::NOT_ENFORCED, message, accepted());
    } else if found.is_none() {
        let known = all.iter().chain(T::NOT_ENFORCED).copied();
        let help = did_you_mean(&nearest(&word.value, known)).unwrap_or_else(accepted);
        let message = format!("`{}` is no {key}", word.value);
        complaints.error_with_help(word.span, codes::NOT_LISTED, message, help);
    }
    found.map(|found| word.with(found))
}

fn text_of(
    value: &Spanned<DeValue<'_>>,
    key: &str,
    complaints: &mut Complaints<'_>,
) -> Option<Word> {
    let text = value
        .get_ref()
        .as_str()
        .filter(|text| !text.trim().is_empty());
    if text.is_none() {
        let message = format!("`{key}` is text in quotes that is not empty");
        complaints.error(span_of(value), codes::VALUE_FORM, message);
    }
    text.map(|text| Placed {
        value: text.to_owned(),
        span: span_of(value),
    })
}

fn span_of<T>(value: &Spanned<T>) -> Span {
    let span = value.span();
    Span::new(span.start, span.end)
}
