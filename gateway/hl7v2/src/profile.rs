//! `Profile`, what a receiver asks of the messages of one sender beside the standard: segments,
//! groups and fields, how often, how long, and with which codes. Holding a message against it is
//! done in `profile_check`, what can be found in `profile_finding`; reading one from a file is not
//! the grammar's business.

use std::collections::BTreeMap;

use crate::definition::{Cardinality, TableDefinition};
use crate::dictionary::Version;
use crate::path::ComponentPath;
use crate::segment_name::SegmentName;
use crate::structure_definition::StructureDefinition;

/// What is asked of the messages of a sender (HL7 v2.5.1 chapter 2, section 2.12).
#[derive(Clone)]
pub struct Profile {
    /// The name it is told by.
    pub name: String,
    /// What it is for, in a few words.
    pub title: String,
    /// The version whose tables and datatypes count.
    pub version: &'static Version,
    /// What is asked of which messages; a message is held against each part that is for its event.
    pub messages: Vec<MessageProfile>,
}

/// What is asked of the messages of some events.
#[derive(Debug, Clone)]
pub struct MessageProfile {
    /// The events.
    pub events: Vec<EventPattern>,
    /// The structure that they are laid out on; none for the one that the message names or its
    /// event has.
    pub structure: Option<&'static StructureDefinition>,
    /// Whether every segment has to stand where the structure has a place for it, and all that it
    /// requires has to be there.
    pub sequence: bool,
    /// Whether every field of a segment that the version knows has to be of its datatype.
    pub datatypes: bool,
    /// How often groups may stand.
    pub groups: Vec<GroupRule>,
    /// How often segments may stand.
    pub segments: Vec<SegmentRule>,
    fields: Vec<FieldRule>,
    /// The places in `fields` of the rules for a segment.
    by_segment: BTreeMap<SegmentName, Vec<usize>>,
}

/// A message type with one trigger event or all of them (MSH-9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPattern {
    /// MSH-9.1; none for every message.
    pub message_type: Option<String>,
    /// MSH-9.2; none for all events of the type.
    pub event: Option<String>,
}

/// How often a group may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRule {
    /// The groups it stands in, outermost first; with none it is counted in the whole message, else
    /// in each instance of the innermost.
    pub within: Vec<String>,
    /// Its name, without the structure's prefix.
    pub name: String,
    /// The segment that begins it, by which a missing one is told of.
    pub first: SegmentName,
    /// How often.
    pub cardinality: Cardinality,
}

/// How often a segment may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRule {
    /// The groups it stands in, outermost first; with none it is counted in the whole message, else
    /// in each instance of the innermost.
    pub within: Vec<String>,
    /// Its name.
    pub name: SegmentName,
    /// How often; at most 0 times says that it is not supported.
    pub cardinality: Cardinality,
}

/// Whether an element has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Usage {
    /// It has to have a value wherever what it is part of is there; `""` is none.
    Required,
    /// It may be there.
    #[default]
    Optional,
    /// It must not be there, not even as `""`.
    NotSupported,
}

/// What is asked of a field, component or subcomponent.
#[derive(Debug, Clone)]
pub struct FieldRule {
    /// The groups that the segment stands in, outermost first; none for wherever it stands.
    pub within: Vec<String>,
    /// The segment.
    pub segment: SegmentName,
    /// The field, from 1.
    pub field: u16,
    /// The component and subcomponent; none for the field.
    pub component: Option<ComponentPath>,
    /// Whether it has to be there.
    pub usage: Usage,
    /// How often the field may repeat; asked of fields alone.
    pub cardinality: Cardinality,
    /// Characters in the longest value, escape sequences counted as what they stand for.
    pub length: Option<u32>,
    /// Characters that are kept for certain; what is longer is a warning.
    pub conformance_length: Option<u32>,
    /// What it may say. Of a datatype with components the first one is meant.
    pub codes: Option<Codes>,
    /// The datatype that it has to be of.
    pub datatype: Option<&'static str>,
}

/// What an element may say.
#[derive(Debug, Clone)]
pub enum Codes {
    /// A code of an HL7 table.
    Table(&'static TableDefinition),
    /// One of these.
    Listed(Vec<String>),
    /// This alone.
    Constant(String),
}

impl std::fmt::Debug for Profile {
    /// Shows which one it is; the dictionary behind it would fill pages.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = self.messages.len();
        write!(
            f,
            "Profile({}, {}, {parts} parts)",
            self.name,
            self.version.id()
        )
    }
}

impl EventPattern {
    /// Whether a message of this type and event is meant.
    pub fn admits(&self, message_type: &str, event: &str) -> bool {
        let is = |own: &Option<String>, sent| own.as_deref().is_none_or(|own| own == sent);
        is(&self.message_type, message_type) && is(&self.event, event)
    }
}

impl std::fmt::Display for EventPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.message_type, &self.event) {
            (None, _) => f.write_str("*"),
            (Some(message_type), None) => write!(f, "{message_type}^*"),
            (Some(message_type), Some(event)) => write!(f, "{message_type}^{event}"),
        }
    }
}

impl Codes {
    /// Whether it may say this.
    pub fn admit(&self, text: &str) -> bool {
        match self {
            Self::Table(table) => table.admits(text),
            Self::Listed(codes) => codes.iter().any(|code| code == text),
            Self::Constant(constant) => constant == text,
        }
    }
}

impl MessageProfile {
    /// What is asked of the messages of these events, so far nothing.
    pub fn new(events: Vec<EventPattern>) -> Self {
        Self {
            events,
            structure: None,
            sequence: false,
            datatypes: false,
            groups: Vec::new(),
            segments: Vec::new(),
            fields: Vec::new(),
            by_segment: BTreeMap::new(),
        }
    }

    /// Asks this of a field, too.
    pub fn add_field(&mut self, rule: FieldRule) {
        let of_segment = self.by_segment.entry(rule.segment).or_default();
        of_segment.push(self.fields.len());
        self.fields.push(rule);
    }

    /// What is asked of fields, in the order it was added.
    pub fn fields(&self) -> &[FieldRule] {
        &self.fields
    }

    /// What is asked of the fields of a segment.
    pub(crate) fn fields_of(&self, segment: SegmentName) -> impl Iterator<Item = &FieldRule> {
        let places = self.by_segment.get(&segment).into_iter().flatten();
        places.filter_map(|&place| self.fields.get(place))
    }

    /// Whether a message of this type and event is meant.
    pub fn is_for(&self, message_type: &str, event: &str) -> bool {
        let mut events = self.events.iter();
        events.any(|pattern| pattern.admits(message_type, event))
    }

    /// Whether the message has to be laid out on its structure.
    pub(crate) fn needs_groups(&self) -> bool {
        self.sequence
            || !self.groups.is_empty()
            || self.segments.iter().any(|rule| !rule.within.is_empty())
            || self.fields.iter().any(|rule| !rule.within.is_empty())
    }
}

impl FieldRule {
    /// A rule that asks nothing yet of a field.
    pub fn new(segment: SegmentName, field: u16) -> Self {
        Self {
            within: Vec::new(),
            segment,
            field,
            component: None,
            usage: Usage::Optional,
            cardinality: Cardinality { min: 0, max: None },
            length: None,
            conformance_length: None,
            codes: None,
            datatype: None,
        }
    }
}
