//! What an acknowledgment may say is wrong: conditions of table 0357, with a place and a severity.
//! Their texts are constants; writing them into ERR is done in `acknowledgment`.

use crate::location::Location;

/// One thing that was wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// What was wrong.
    pub code: ConditionCode,
    /// How bad it is.
    pub severity: Severity,
    /// Where, when it has a place.
    pub location: Option<Location>,
}

/// ERR-4 (table 0516).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// `E`.
    Error,
    /// `W`.
    Warning,
    /// `I`.
    Information,
}

impl Severity {
    /// The code as ERR-4 carries it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "E",
            Self::Warning => "W",
            Self::Information => "I",
        }
    }
}

/// Message error condition codes (HL7 v2.5.1 chapter 2, table 0357).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionCode {
    /// 0.
    Accepted,
    /// 100.
    SegmentSequence,
    /// 101.
    RequiredFieldMissing,
    /// 102.
    DataType,
    /// 103.
    TableValueNotFound,
    /// 104, from version 2.7 on.
    ValueTooLong,
    /// 200.
    UnsupportedMessageType,
    /// 201.
    UnsupportedEvent,
    /// 202.
    UnsupportedProcessingId,
    /// 203.
    UnsupportedVersion,
    /// 204.
    UnknownKey,
    /// 205.
    DuplicateKey,
    /// 206.
    RecordLocked,
    /// 207.
    Internal,
}

impl ConditionCode {
    /// The number of table 0357.
    pub fn number(self) -> u16 {
        self.row().0
    }

    /// What the number means, in words.
    pub fn text(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (u16, &'static str) {
        match self {
            Self::Accepted => (0, "Message accepted"),
            Self::SegmentSequence => (100, "Segment sequence error"),
            Self::RequiredFieldMissing => (101, "Required field missing"),
            Self::DataType => (102, "Data type error"),
            Self::TableValueNotFound => (103, "Table value not found"),
            Self::ValueTooLong => (104, "Value too long"),
            Self::UnsupportedMessageType => (200, "Unsupported message type"),
            Self::UnsupportedEvent => (201, "Unsupported event code"),
            Self::UnsupportedProcessingId => (202, "Unsupported processing id"),
            Self::UnsupportedVersion => (203, "Unsupported version id"),
            Self::UnknownKey => (204, "Unknown key identifier"),
            Self::DuplicateKey => (205, "Duplicate key identifier"),
            Self::RecordLocked => (206, "Application record locked"),
            Self::Internal => (207, "Application internal error"),
        }
    }
}
