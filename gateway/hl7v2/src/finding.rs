//! `Finding`, what a message has that its structure does not foresee, segment by segment.
//! Finding it out is done in `structure_walk` and `structure_tree`.

use std::fmt;

use crate::segment_name::SegmentName;

/// One thing to know about the layout of a message. It names places, never values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The segment, by its ordinal in the message (from 0). For something missing it is the segment
    /// that came in its stead, or the last one when the message ended before.
    pub ordinal: u32,
    /// What it is.
    pub kind: FindingKind,
}

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// The structure has no place for the segment where it stands.
    OutOfPlace,
    /// The segment would have a place, had it not come too often already.
    TooMany {
        /// How often it, or the group that it begins, may stand there.
        max: u16,
    },
    /// A local segment (`Z`) that nobody defined for this sender.
    UndefinedLocal,
    /// Two groups could have taken the segment, and what comes next does not tell which.
    Ambiguous {
        /// The group it was given to and the other one.
        groups: [&'static str; 2],
    },
    /// The structure requires something that did not come.
    MissingRequired {
        /// What is missing.
        missing: Missing,
        /// The group it is missing from; the structure's name at the top.
        within: &'static str,
    },
}

/// Something that a structure requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A segment.
    Segment(SegmentName),
    /// A group.
    Group(&'static str),
    /// One of several alternatives, of which this is the first.
    OneOf(SegmentName),
}

impl FindingKind {
    /// Whether the segment has no place in the tree.
    pub fn is_out_of_place(&self) -> bool {
        match self {
            Self::OutOfPlace | Self::TooMany { .. } | Self::UndefinedLocal => true,
            Self::Ambiguous { .. } | Self::MissingRequired { .. } => false,
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfPlace => f.write_str("the structure has no place for the segment here"),
            Self::TooMany { max } => write!(f, "the segment may stand here at most {max} times"),
            Self::UndefinedLocal => {
                f.write_str("the local segment is not defined; define it for this sender")
            }
            Self::Ambiguous {
                groups: [given, other],
            } => write!(f, "the segment was given to {given} and could be {other}'s"),
            Self::MissingRequired { missing, within } => {
                write!(f, "{missing} is missing from {within}")
            }
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(name) => write!(f, "{name}"),
            Self::Group(name) => write!(f, "the group {name}"),
            Self::OneOf(name) => write!(f, "{name} or an alternative to it"),
        }
    }
}
