//! `Hl7Path` and `ComponentPath`, how mappings and reports name places in messages, and how they
//! are written. Reading them from text is done in `path_parser`, checking them in `resolve`.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

use crate::segment_name::SegmentName;

/// A path such as `PID-5[0].1.2`, `PID-3[5="MR"].1` or `ORDER_OBSERVATION/NTE-3`.
///
/// Fields, components and subcomponents count from 1 as in HL7, brackets from 0 as in `FHIRPath`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hl7Path {
    /// The groups to go through, outermost first; empty when the path starts at the segment.
    pub groups: Vec<GroupStep>,
    /// The segment.
    pub segment: SegmentStep,
    /// The field; none when the path names a whole segment.
    pub field: Option<FieldStep>,
    /// The component and subcomponent, only ever below a field.
    pub component: Option<ComponentPath>,
}

/// A group of a message structure, by its name without the structure's prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupStep {
    /// The name, such as `ORDER_OBSERVATION`.
    pub name: String,
    /// Which instances; none when the path has no bracket.
    pub selector: Option<Selector>,
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SegmentStep {
    /// The name.
    pub name: SegmentName,
    /// Which of them; keys are field numbers (`OBX[3.1="8302-2"]`).
    pub selector: Option<Selector>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldStep {
    /// The number, from 1.
    pub number: u16,
    /// Which repetitions; keys are component numbers (`PID-3[5="MR"]`).
    pub selector: Option<Selector>,
}

/// A place inside a datatype: `.5`, `.5.1`; counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ComponentPath {
    /// The component.
    pub component: u16,
    /// The subcomponent.
    pub subcomponent: Option<u16>,
}

/// What stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// `[]`: each of them, or a new one when written.
    Each,
    /// `[2]`: the one at this index, from 0.
    Index(u16),
    /// `[1..]`: from this index on.
    From(u16),
    /// `[5="MR",4.1=$site]`: those for which all keys hold.
    Keys(Vec<Key>),
}

/// One condition in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The place below the bracketed step: one to three numbers, from 1. Below a segment they are
    /// field, component, subcomponent; below a field component, subcomponent.
    pub place: Vec<u16>,
    /// What it must equal.
    pub value: KeyValue,
}

/// The right side of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyValue {
    /// A quoted text.
    Text(String),
    /// A bare word: a code.
    Code(String),
    /// `$name`: a constant of the mapping.
    Constant(String),
}

/// Why a text is not a path. The text is a mapping author's, so it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} at byte {} of the path", span.start)]
pub struct PathError {
    /// The bytes of the path at fault; empty at its end when something is missing there.
    pub span: Range<usize>,
    /// What is wrong and what was expected.
    pub message: &'static str,
}

impl fmt::Display for Hl7Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for group in &self.groups {
            f.write_str(&group.name)?;
            write_selector(f, group.selector.as_ref())?;
            f.write_str("/")?;
        }
        write!(f, "{}", self.segment.name)?;
        write_selector(f, self.segment.selector.as_ref())?;
        let Some(field) = &self.field else {
            return Ok(());
        };
        write!(f, "-{}", field.number)?;
        write_selector(f, field.selector.as_ref())?;
        match &self.component {
            Some(component) => write!(f, "{component}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ComponentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ".{}", self.component)?;
        match self.subcomponent {
            Some(subcomponent) => write!(f, ".{subcomponent}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Each => f.write_str("[]"),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::From(index) => write!(f, "[{index}..]"),
            Self::Keys(keys) => {
                for (place, key) in keys.iter().enumerate() {
                    f.write_str(if place == 0 { "[" } else { "," })?;
                    write!(f, "{key}")?;
                }
                f.write_str("]")
            }
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, number) in self.place.iter().enumerate() {
            write!(f, "{}{number}", if place == 0 { "" } else { "." })?;
        }
        match &self.value {
            KeyValue::Text(text) => {
                write!(
                    f,
                    "=\"{}\"",
                    text.replace('\\', "\\\\").replace('"', "\\\"")
                )
            }
            KeyValue::Code(code) => write!(f, "={code}"),
            KeyValue::Constant(name) => write!(f, "=${name}"),
        }
    }
}

fn write_selector(f: &mut fmt::Formatter<'_>, selector: Option<&Selector>) -> fmt::Result {
    match selector {
        Some(selector) => write!(f, "{selector}"),
        None => Ok(()),
    }
}
