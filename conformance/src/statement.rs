//! `Statement`, what a profile asks, told to the people of a sending system: as Markdown with
//! tables that fit a terminal, or as a document for programs. The same profile gives the same
//! bytes. How tables are drawn is `markdown_table`'s.

use isthmus_hl7v2::definition::Cardinality;
use isthmus_hl7v2::dictionary::Version;
use isthmus_hl7v2::path::{FieldStep, Hl7Path, SegmentStep};
use isthmus_hl7v2::profile::{Codes, FieldRule, MessageProfile, Profile, Usage};
use serde::Serialize;

use crate::markdown_table::{MarkdownTable, paragraph};
use crate::profile_file::{field_path, slashed};

/// Codes up to so many characters stand in the table; longer lists stand below it.
const CODES_IN_TABLE: usize = 24;

/// What a profile asks.
#[derive(Debug, Serialize)]
pub struct Statement {
    /// The profile's name.
    pub name: String,
    /// What it is for.
    pub title: String,
    /// The version whose tables and datatypes count.
    pub version: String,
    /// What is asked of which messages.
    pub messages: Vec<StatedMessage>,
}

/// What is asked of the messages of some events.
#[derive(Debug, Serialize)]
pub struct StatedMessage {
    /// The events.
    pub events: Vec<String>,
    /// The structure that the profile names.
    pub structure: Option<String>,
    /// Whether segments have to stand as the structure has them.
    pub sequence: bool,
    /// Whether dates, times and numbers have to be some.
    pub datatypes: bool,
    /// How often groups stand.
    pub groups: Vec<StatedCount>,
    /// How often segments stand.
    pub segments: Vec<StatedCount>,
    /// What fields hold.
    pub fields: Vec<StatedField>,
}

/// How often a group or segment stands.
#[derive(Debug, Serialize)]
pub struct StatedCount {
    /// Its path.
    pub path: String,
    /// `required`, `optional` or `not supported`.
    pub usage: &'static str,
    /// At least so often.
    pub min: u16,
    /// At most so often; none without a bound.
    pub max: Option<u16>,
}

/// What a field, component or subcomponent holds.
#[derive(Debug, Serialize)]
pub struct StatedField {
    /// Its path.
    pub path: String,
    /// What the standard calls it.
    pub name: Option<String>,
    /// Its datatype in the standard.
    pub datatype: Option<&'static str>,
    /// `required`, `optional` or `not supported`.
    pub usage: &'static str,
    /// At least so many repetitions, where it has a value.
    pub min: u16,
    /// At most so many repetitions.
    pub max: Option<u16>,
    /// Characters at most.
    pub length: Option<u32>,
    /// Characters that are kept for certain.
    pub conformance_length: Option<u32>,
    /// The HL7 table of its codes.
    pub table: Option<u16>,
    /// Its codes.
    pub codes: Vec<String>,
    /// The one thing that it says.
    pub value: Option<String>,
    /// Whether values are held against the datatype by a rule of their own.
    pub datatype_checked: bool,
}

impl Statement {
    /// What this profile asks.
    pub fn of(profile: &Profile) -> Self {
        let messages = profile.messages.iter();
        Self {
            name: profile.name.clone(),
            title: profile.title.clone(),
            version: profile.version.id().to_owned(),
            messages: messages
                .map(|part| StatedMessage::of(profile.version, part))
                .collect(),
        }
    }

    /// As Markdown, lines of at most `width` characters where names and codes allow.
    pub fn markdown(&self, width: usize) -> String {
        let mut text = format!("# {}\n\n", self.title);
        let about = format!(
            "Profile `{}`, HL7 version {}. A message is held against each part below that is for \
             its event. What is required has a value wherever what it is part of is there; `\"\"` \
             is none. What is not supported is not sent. Lengths count characters.",
            self.name, self.version
        );
        text.push_str(&paragraph(&about, width));
        for message in &self.messages {
            text.push('\n');
            message.write(&mut text, width);
        }
        text
    }
}

impl StatedMessage {
    fn of(version: &'static Version, part: &MessageProfile) -> Self {
        let groups = part.groups.iter();
        let segments = part.segments.iter();
        Self {
            events: part.events.iter().map(ToString::to_string).collect(),
            structure: part.structure.map(|structure| structure.name.to_owned()),
            sequence: part.sequence,
            datatypes: part.datatypes,
            groups: groups
                .map(|rule| StatedCount::of(slashed(&rule.within, &rule.name), rule.cardinality))
                .collect(),
            segments: segments
                .map(|rule| {
                    let path = slashed(&rule.within, rule.name.as_str());
                    StatedCount::of(path, rule.cardinality)
                })
                .collect(),
            fields: part
                .fields()
                .iter()
                .map(|rule| StatedField::of(version, rule))
                .collect(),
        }
    }

    fn write(&self, text: &mut String, width: usize) {
        let every = self.events.iter().any(|event| event == "*");
        let events = if every {
            "Every message".to_owned()
        } else {
            self.events.join(", ")
        };
        let structure = self.structure.iter().map(|name| format!(" as {name}"));
        let head = format!("## {events}{}", structure.collect::<String>());
        text.push_str(&head);
        text.push_str("\n\n");
        let mut asked = Vec::new();
        if self.sequence {
            asked.push(
                "Every segment stands where the structure has a place for it, and nothing that it \
                 requires is missing.",
            );
        }
        if self.datatypes {
            asked.push("Dates, times and numbers are some, in every field.");
        }
        if !asked.is_empty() {
            text.push_str(&paragraph(&asked.join(" "), width));
            text.push('\n');
        }
        for (head, counts) in [("Group", &self.groups), ("Segment", &self.segments)] {
            if counts.is_empty() {
                continue;
            }
            let mut table = MarkdownTable::new(&[head, "Usage", "Times"]);
            for count in counts {
                let times = times(count.min, count.max);
                table.row(vec![count.path.clone(), count.usage.to_owned(), times]);
            }
            text.push_str(&table.text(width, None));
            text.push('\n');
        }
        if !self.fields.is_empty() {
            self.write_fields(text, width);
        }
    }

    fn write_fields(&self, text: &mut String, width: usize) {
        let head = ["Field", "Name", "Usage", "Times", "Length", "Values"];
        let mut table = MarkdownTable::new(&head);
        let mut below = Vec::new();
        for field in &self.fields {
            let values = field.values();
            let values = if values.chars().count() > CODES_IN_TABLE {
                below.push(format!("- {}: {values}", field.path));
                "see below".to_owned()
            } else {
                values
            };
            table.row(vec![
                field.path.clone(),
                field.name.clone().unwrap_or_default(),
                field.usage.to_owned(),
                field.times(),
                field.lengths(),
                values,
            ]);
        }
        text.push_str(&table.text(width, Some(1)));
        if !below.is_empty() {
            text.push('\n');
            for line in below {
                text.push_str(&paragraph(&line, width));
            }
        }
    }
}

impl StatedCount {
    fn of(path: String, cardinality: Cardinality) -> Self {
        let usage = match cardinality {
            Cardinality { max: Some(0), .. } => "not supported",
            Cardinality { min: 0, .. } => "optional",
            Cardinality { .. } => "required",
        };
        Self {
            path,
            usage,
            min: cardinality.min,
            max: cardinality.max,
        }
    }
}

impl StatedField {
    fn of(version: &'static Version, rule: &FieldRule) -> Self {
        let path = Hl7Path {
            groups: Vec::new(),
            segment: SegmentStep {
                name: rule.segment,
                selector: None,
            },
            field: Some(FieldStep {
                number: rule.field,
                selector: None,
            }),
            component: rule.component,
        };
        let known = version.resolve(&path).ok();
        let (table, codes, value) = match &rule.codes {
            Some(Codes::Table(table)) => (Some(table.number), Vec::new(), None),
            Some(Codes::Listed(codes)) => (None, codes.clone(), None),
            Some(Codes::Constant(value)) => (None, Vec::new(), Some(value.clone())),
            None => (None, Vec::new(), None),
        };
        Self {
            path: field_path(rule),
            name: known.and_then(|known| known.name).map(sentence),
            datatype: rule.datatype.or(known.and_then(|known| known.datatype)),
            usage: match rule.usage {
                Usage::Required => "required",
                Usage::Optional => "optional",
                Usage::NotSupported => "not supported",
            },
            min: rule.cardinality.min,
            max: rule.cardinality.max,
            length: rule.length,
            conformance_length: rule.conformance_length,
            table,
            codes,
            value,
            datatype_checked: rule.datatype.is_some(),
        }
    }

    /// How often; nothing where no rule says.
    fn times(&self) -> String {
        if self.max.is_none() && self.min <= u16::from(self.usage == "required") {
            return String::new();
        }
        times(self.min, self.max)
    }

    fn lengths(&self) -> String {
        match (self.length, self.conformance_length) {
            (None, None) => String::new(),
            (Some(length), None) => length.to_string(),
            (None, Some(kept)) => format!("{kept} kept"),
            (Some(length), Some(kept)) => format!("{length}, {kept} kept"),
        }
    }

    fn values(&self) -> String {
        let codes: Vec<String> = self.codes.iter().map(|code| format!("`{code}`")).collect();
        let datatype = self.datatype.filter(|_| self.datatype_checked);
        let mut all = Vec::new();
        all.extend(datatype.map(str::to_owned));
        all.extend(self.table.map(|number| format!("table {number:04}")));
        all.extend(self.value.iter().map(|value| format!("`{value}`")));
        if !codes.is_empty() {
            all.push(codes.join(", "));
        }
        all.join("; ")
    }
}

fn times(min: u16, max: Option<u16>) -> String {
    match max {
        Some(max) => format!("{min}..{max}"),
        None => format!("{min}..*"),
    }
}

/// `PATIENT_NAME` as words.
fn sentence(name: &'static str) -> String {
    let words = name.replace('_', " ").to_lowercase();
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
