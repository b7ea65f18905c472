//! `RuleProblem`, why the rules of a sender cannot be followed, in words that say how to mend them.
//! The rules themselves are in `grouping_rules` and `local_segment`.

use thiserror::Error;

use crate::segment_name::SegmentName;

/// Why rules cannot be followed. The names are the configuration's, so they may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleProblem {
    /// No version has the structure.
    #[error("no version of HL7 v2 has the structure {0}; write it as in MSH-9.3, like ADT_A01")]
    UnknownStructure(String),
    /// There is a rule for the event already.
    #[error("{message_type}^{event} is given a structure twice; keep one of the two")]
    StructureTwice {
        /// The message type.
        message_type: String,
        /// The event, `*` for all.
        event: String,
    },
    /// The segment is defined already.
    #[error("the local segment {0} is defined twice; keep one of the two")]
    SegmentTwice(SegmentName),
    /// The segment's name is not a local one.
    #[error("{0} is not a local segment; the name of one begins with Z")]
    NotLocal(SegmentName),
    /// No version has the datatype.
    #[error("no version of HL7 v2 has the datatype {0}; write it as in the standard, like XPN")]
    UnknownDatatype(String),
    /// The number cannot be a field's.
    #[error("field {number} of {segment} stands twice or is 0; fields count from 1, each once")]
    FieldNumber {
        /// The segment.
        segment: SegmentName,
        /// The number.
        number: u16,
    },
}
