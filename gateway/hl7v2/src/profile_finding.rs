//! `ProfileFinding`, where a message is not as its profile asks, and the report of all of them.
//! Finding it out is done in `profile_check`.

use std::fmt;

use crate::dictionary::rank;
use crate::error_condition::{Condition, ConditionCode, Severity};
use crate::finding::{FindingKind, Missing};
use crate::location::Location;

/// How many findings a report holds; what is beyond is counted.
pub const FINDINGS_MAX: usize = 16;

/// One place at which a message is not as asked. It names places and rules, never values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileFinding {
    /// The place. For something missing it is where it would stand: the segment of that name after
    /// those that are there.
    pub location: Location,
    /// What is wrong.
    pub fault: ProfileFault,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileFault {
    /// A segment or group stands too seldom.
    TooFew {
        /// How often it has to stand.
        min: u16,
    },
    /// A segment or group stands once more than it may.
    TooMany {
        /// How often it may stand; 0 when it is not supported.
        max: u16,
    },
    /// The structure has no place for the segment.
    OutOfPlace,
    /// The structure requires a segment or group that is not there.
    Missing(Missing),
    /// A required element has no value.
    NoValue,
    /// An element that is not supported was sent.
    NotSupported,
    /// A field has fewer repetitions than asked.
    TooFewRepetitions {
        /// How many it has to have.
        min: u16,
    },
    /// A field has more repetitions than it may.
    TooManyRepetitions {
        /// How many it may have.
        max: u16,
    },
    /// The value is too long.
    TooLong {
        /// How many characters it may have.
        max: u32,
    },
    /// The value is longer than what is kept for certain.
    MayBeCut {
        /// How many characters are kept.
        kept: u32,
    },
    /// The value is not of its datatype.
    Datatype {
        /// The datatype.
        datatype: &'static str,
    },
    /// The value is not a code of the HL7 table.
    NotInTable {
        /// The number of the table.
        table: u16,
    },
    /// The value is not one of the listed codes.
    NotListed,
    /// The value is not the constant that is asked for.
    NotTheConstant,
}

/// What was found in one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileReport {
    /// Whether the profile has a part for the message's event.
    pub is_covered: bool,
    /// The first findings, part after part of the profile.
    pub findings: Vec<ProfileFinding>,
    /// How many more there are.
    pub beyond: usize,
    /// How many of all are errors.
    pub errors: usize,
}

impl ProfileFault {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::MayBeCut { .. } => Severity::Warning,
            Self::TooFew { .. }
            | Self::TooMany { .. }
            | Self::OutOfPlace
            | Self::Missing(_)
            | Self::NoValue
            | Self::NotSupported
            | Self::TooFewRepetitions { .. }
            | Self::TooManyRepetitions { .. }
            | Self::TooLong { .. }
            | Self::Datatype { .. }
            | Self::NotInTable { .. }
            | Self::NotListed
            | Self::NotTheConstant => Severity::Error,
        }
    }

    /// Whether it is an error, and no warning.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    /// The code of table 0357 that a sender of this version knows for it. The table has no code
    /// for an element that is too much: 102 says at least that the content is at fault.
    pub fn code(&self, version: &str) -> ConditionCode {
        match self {
            Self::TooFew { .. } | Self::TooMany { .. } | Self::OutOfPlace | Self::Missing(_) => {
                ConditionCode::SegmentSequence
            }
            Self::NoValue | Self::TooFewRepetitions { .. } => ConditionCode::RequiredFieldMissing,
            Self::TooLong { .. } | Self::MayBeCut { .. } if rank(version) >= rank("2.7") => {
                ConditionCode::ValueTooLong
            }
            Self::TooLong { .. }
            | Self::MayBeCut { .. }
            | Self::NotSupported
            | Self::TooManyRepetitions { .. }
            | Self::Datatype { .. } => ConditionCode::DataType,
            Self::NotInTable { .. } | Self::NotListed | Self::NotTheConstant => {
                ConditionCode::TableValueNotFound
            }
        }
    }

    /// The same fault of a structure's place.
    pub(crate) fn of_structure(kind: FindingKind) -> Option<Self> {
        match kind {
            FindingKind::OutOfPlace | FindingKind::UndefinedLocal => Some(Self::OutOfPlace),
            FindingKind::TooMany { max } => Some(Self::TooMany { max }),
            FindingKind::MissingRequired { missing, .. } => Some(Self::Missing(missing)),
            FindingKind::Ambiguous { .. } => None,
        }
    }
}

impl fmt::Display for ProfileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { min: 1 } => f.write_str("it is required and missing"),
            Self::TooFew { min } => write!(f, "it has to stand at least {min} times"),
            Self::TooMany { max: 0 } | Self::NotSupported => f.write_str("it is not supported"),
            Self::TooMany { max: 1 } => f.write_str("it may stand once"),
            Self::TooMany { max } => write!(f, "it may stand at most {max} times"),
            Self::OutOfPlace => f.write_str("the structure has no place for it here"),
            Self::Missing(missing) => write!(f, "{missing} is missing"),
            Self::NoValue => f.write_str("a value is required"),
            Self::TooFewRepetitions { min } => write!(f, "it has to repeat at least {min} times"),
            Self::TooManyRepetitions { max: 1 } => f.write_str("it may not repeat"),
            Self::TooManyRepetitions { max } => write!(f, "it may have {max} repetitions"),
            Self::TooLong { max } => write!(f, "it is longer than {max} characters"),
            Self::MayBeCut { kept } => write!(f, "only {kept} characters are kept for certain"),
            Self::Datatype { datatype } => write!(f, "it is no {datatype}"),
            Self::NotInTable { table } => write!(f, "it is no code of table {table:04}"),
            Self::NotListed => f.write_str("it is none of the listed codes"),
            Self::NotTheConstant => f.write_str("it is not the constant that is asked for"),
        }
    }
}

impl ProfileFinding {
    /// As an acknowledgment to a sender of this version tells it.
    pub fn condition(&self, version: &str) -> Condition {
        Condition {
            code: self.fault.code(version),
            severity: self.fault.severity(),
            location: Some(self.location),
        }
    }
}

impl fmt::Display for ProfileFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.fault)
    }
}

impl ProfileReport {
    /// Whether there is nothing to say.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.beyond == 0
    }

    /// Adds a fault; its place is looked for only when there is room for it.
    pub(crate) fn add(&mut self, fault: ProfileFault, location: impl FnOnce() -> Location) {
        self.errors = self.errors.saturating_add(usize::from(fault.is_error()));
        if self.findings.len() >= FINDINGS_MAX {
            self.beyond = self.beyond.saturating_add(1);
            return;
        }
        let location = location();
        self.findings.push(ProfileFinding { location, fault });
    }
}
