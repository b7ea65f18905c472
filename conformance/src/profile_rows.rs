//! The rows of a profile: what is asked of groups, segments and fields, each read, held against
//! the dictionary and against itself. The file around them is read in `profile_file`.

use isthmus_core::span::Span;
use isthmus_hl7v2::definition::Cardinality;
use isthmus_hl7v2::dictionary::Version;
use isthmus_hl7v2::path::{Hl7Path, Selector};
use isthmus_hl7v2::profile::{Codes, FieldRule, GroupRule, SegmentRule, Usage};
use isthmus_hl7v2::resolve::PathProblem;

use crate::profile_codes::{CONTRADICTION, NOT_THERE, VALUE_FORM};
use crate::profile_structures::Structures;
use crate::profile_table::{Complaints, Keys, Placed, ProfileTable};

/// Keys of `[[message.group]]`.
pub(crate) const GROUP: Keys = Keys {
    table: "[[message.group]]",
    accepted: &["path", "usage", "min", "max"],
};

/// Keys of `[[message.segment]]`.
pub(crate) const SEGMENT: Keys = Keys {
    table: "[[message.segment]]",
    accepted: &["path", "usage", "min", "max"],
};

/// Keys of `[[message.field]]`.
pub(crate) const FIELD: Keys = Keys {
    table: "[[message.field]]",
    accepted: &[
        "path",
        "usage",
        "min",
        "max",
        "length",
        "conformance_length",
        "table",
        "codes",
        "value",
        "datatype",
    ],
};

/// Characters in the longest length that may be asked for: those of the largest message.
const LENGTH_MAX: u32 = 16 << 20;

/// The datatype of what another field decides.
const VARIES: &str = "varies";

const USAGES: [(&str, Usage); 3] = [
    ("required", Usage::Required),
    ("optional", Usage::Optional),
    ("not-supported", Usage::NotSupported),
];

/// What the rows of a part are held against.
pub(crate) struct Ground<'g> {
    pub(crate) version: &'static Version,
    pub(crate) structures: &'g Structures,
}

impl Ground<'_> {
    /// Reads `[[message.group]]`.
    pub(crate) fn group(
        &self,
        row: &ProfileTable<'_>,
        complaints: &mut Complaints<'_>,
    ) -> Option<GroupRule> {
        let path = row.required_text("path", complaints)?;
        let (_, cardinality) = usage(row, complaints)?;
        let mut within: Vec<String> = path.value.split('/').map(str::to_owned).collect();
        if !self.structures.has_groups(&path, &within, complaints) {
            return None;
        }
        let first = self.structures.first_segment(&within)?;
        let name = within.pop()?;
        Some(GroupRule {
            within,
            name,
            first,
            cardinality,
        })
    }

    /// Reads `[[message.segment]]`.
    pub(crate) fn segment(
        &self,
        row: &ProfileTable<'_>,
        complaints: &mut Complaints<'_>,
    ) -> Option<SegmentRule> {
        let word = row.required_text("path", complaints)?;
        let path = path(&word, complaints)?;
        let usage = usage(row, complaints);
        if path.field.is_some() {
            let message = "a segment is asked for here, and this is a field";
            let help = "move the row to [[message.field]]";
            complaints.error(word.span, VALUE_FORM, message, help);
            return None;
        }
        let within = self.known_segment(&word, &path, complaints)?;
        Some(SegmentRule {
            within,
            name: path.segment.name,
            cardinality: usage?.1,
        })
    }

    /// Reads `[[message.field]]`.
    pub(crate) fn field(
        &self,
        row: &ProfileTable<'_>,
        complaints: &mut Complaints<'_>,
    ) -> Option<FieldRule> {
        let word = row.required_text("path", complaints)?;
        let path = path(&word, complaints)?;
        let usage = usage(row, complaints);
        let Some(field) = &path.field else {
            let message = "a field is asked for here, and this is a segment";
            let help = "name a field, such as PID-3, or move the row to [[message.segment]]";
            complaints.error(word.span, VALUE_FORM, message, help);
            return None;
        };
        let within = self.known_segment(&word, &path, complaints)?;
        let own = self.own_datatype(&word, &path, complaints)?;
        let (usage, cardinality) = usage?;
        if path.component.is_some() && (row.has("min") || row.has("max")) {
            let key = if row.has("max") { "max" } else { "min" };
            let message = "components do not repeat";
            let help = format!("take `{key}` away, or ask it of the field");
            complaints.error(row.span_of(key), CONTRADICTION, message, help);
        }
        let length = row.number("length", (1, LENGTH_MAX), complaints);
        let kept = row.number("conformance_length", (1, LENGTH_MAX), complaints);
        if let (Some(length), Some(kept)) = (length, kept)
            && kept > length
        {
            let message = format!("{kept} characters are kept of values of at most {length}");
            let at = row.span_of("conformance_length");
            complaints.error(at, CONTRADICTION, message, "lower it, or raise `length`");
        }
        Some(FieldRule {
            within,
            component: path.component,
            usage,
            cardinality,
            length,
            conformance_length: kept,
            codes: self.codes(row, length, complaints),
            datatype: self.datatype(row, own, complaints),
            ..FieldRule::new(path.segment.name, field.number)
        })
    }

    /// The groups of a path whose segment is there.
    fn known_segment(
        &self,
        word: &Placed<String>,
        path: &Hl7Path,
        complaints: &mut Complaints<'_>,
    ) -> Option<Vec<String>> {
        let groups = path.groups.iter().map(|group| group.name.clone());
        let groups: Vec<String> = groups.collect();
        let name = path.segment.name;
        let is_there = self.structures.has_segment(word, &groups, name, complaints);
        is_there.then_some(groups)
    }

    /// The datatype that the version has for a place, `varies` where it does not say: in a local
    /// segment, and of what was withdrawn. None when the place is not there.
    fn own_datatype(
        &self,
        word: &Placed<String>,
        path: &Hl7Path,
        complaints: &mut Complaints<'_>,
    ) -> Option<&'static str> {
        if path.segment.name.is_local() {
            return Some(VARIES);
        }
        let problem = match self.version.resolve(path) {
            Ok(resolved) => return Some(resolved.datatype.unwrap_or(VARIES)),
            Err(problem) => problem,
        };
        let help = match &problem {
            PathProblem::Segment { .. } => {
                "correct the name, or the profile's `version`".to_owned()
            }
            PathProblem::Field { last, .. } | PathProblem::Component { last, .. } => {
                format!("name one from 1 to {last}, or correct the profile's `version`")
            }
        };
        complaints.error(word.span, NOT_THERE, problem.to_string(), help);
        None
    }

    /// What a place may say, of a table, a list or one constant.
    fn codes(
        &self,
        row: &ProfileTable<'_>,
        length: Option<u32>,
        complaints: &mut Complaints<'_>,
    ) -> Option<Codes> {
        let stated: Vec<&str> = ["table", "codes", "value"]
            .into_iter()
            .filter(|key| row.has(key))
            .collect();
        if let [first, second, ..] = stated.as_slice() {
            let message = format!("`{first}` and `{second}` both say what may stand there");
            complaints.error(row.span_of(second), CONTRADICTION, message, "keep one");
            return None;
        }
        if let Some(number) = row.number("table", (1, 9_999), complaints) {
            return self.table(row.span_of("table"), number, complaints);
        }
        let is_longer = |text: &str| length.is_some_and(|max| text.chars().count() > max as usize);
        let words = if row.has("value") {
            vec![row.text("value", complaints)?]
        } else {
            row.texts("codes", complaints)?
        };
        for word in words.iter().filter(|word| is_longer(&word.value)) {
            let message = format!("`{}` is longer than `length` allows", word.value);
            let help = "raise `length`, or shorten it";
            complaints.error(word.span, CONTRADICTION, message, help);
        }
        let mut texts = words.into_iter().map(|word| word.value);
        if row.has("value") {
            return texts.next().map(Codes::Constant);
        }
        Some(Codes::Listed(texts.collect()))
    }

    fn table(&self, at: Span, number: u32, complaints: &mut Complaints<'_>) -> Option<Codes> {
        let found = u16::try_from(number).ok();
        let found = found.and_then(|number| self.version.table(number));
        if found.is_none() {
            let id = self.version.id();
            let message = format!("version {id} has no codes for table {number:04}");
            let help = "list the codes with `codes = [...]`, or correct the number";
            complaints.error(at, NOT_THERE, message, help);
        }
        found.map(Codes::Table)
    }

    /// The datatype that values are held against; the version's own, where it has one.
    fn datatype(
        &self,
        row: &ProfileTable<'_>,
        own: &'static str,
        complaints: &mut Complaints<'_>,
    ) -> Option<&'static str> {
        let word = row.text("datatype", complaints)?;
        let found = self.version.datatype_name(&word.value);
        let Some(found) = found else {
            let message = format!(
                "version {} has no datatype {}",
                self.version.id(),
                word.value
            );
            let known = self.version.datatypes().iter().map(|one| one.name);
            let help = "name one of the standard's, such as DTM or CX";
            complaints.not_known(&word, (NOT_THERE, message), known, help);
            return None;
        };
        if own != VARIES && own != found {
            let message = format!("the datatype there is {own}, not {found}");
            let help = format!("write `datatype = \"{own}\"`");
            complaints.error(word.span, CONTRADICTION, message, help);
            return None;
        }
        Some(found)
    }
}

/// Reads a path that names one place for all segments of its name.
fn path(word: &Placed<String>, complaints: &mut Complaints<'_>) -> Option<Hl7Path> {
    let path = match Hl7Path::parse(&word.value) {
        Ok(path) => path,
        Err(error) => {
            let span = word.part(complaints.file, error.span.start, error.span.end);
            let help = "write PID, PID-3, PID-5.1 or GROUP/OBX-5";
            complaints.error(span, VALUE_FORM, error.message, help);
            return None;
        }
    };
    let is_picky = |selector: &Option<Selector>| selector.is_some();
    if is_picky(&path.segment.selector)
        || path.groups.iter().any(|group| is_picky(&group.selector))
        || path.field.iter().any(|field| is_picky(&field.selector))
    {
        let message = "a rule is for every segment and repetition, so its path has no brackets";
        complaints.error(word.span, VALUE_FORM, message, "take the brackets away");
        return None;
    }
    Some(path)
}

/// `usage`, `min` and `max`: whether and how often.
fn usage(row: &ProfileTable<'_>, complaints: &mut Complaints<'_>) -> Option<(Usage, Cardinality)> {
    let usage = match row.text("usage", complaints) {
        Some(word) => {
            let found = USAGES.iter().find(|(name, _)| *name == word.value);
            if found.is_none() {
                let message = format!("`{}` is no usage", word.value);
                let known = USAGES.iter().map(|(name, _)| *name);
                complaints.not_known(&word, (VALUE_FORM, message), known, "");
            }
            found?.1
        }
        None if row.has("usage") => return None,
        None => Usage::Optional,
    };
    let (min, max) = (row.times("min", complaints), row.times("max", complaints));
    let mut wrong = |key: &str, message: String| {
        let help = "make `usage`, `min` and `max` say the same";
        complaints.error(row.span_of(key), CONTRADICTION, message, help);
    };
    match usage {
        Usage::NotSupported => {
            for (key, times) in [("min", min), ("max", max)] {
                if times.is_some_and(|times| times > 0) {
                    wrong(key, "what is not supported cannot stand".to_owned());
                }
            }
            let none = Cardinality {
                min: 0,
                max: Some(0),
            };
            return Some((usage, none));
        }
        Usage::Required => {
            for (key, times) in [("min", min), ("max", max)] {
                if times == Some(0) {
                    wrong(key, "what is required stands at least once".to_owned());
                }
            }
        }
        Usage::Optional if max == Some(0) => {
            wrong("max", "what may stand 0 times is not supported".to_owned());
        }
        Usage::Optional => {}
    }
    let least = min.unwrap_or(u16::from(usage == Usage::Required));
    if let Some(max) = max
        && least > max
        && max > 0
    {
        wrong("max", format!("at least {least} and at most {max}"));
    }
    Some((usage, Cardinality { min: least, max }))
}
