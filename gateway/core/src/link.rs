//! The nouns of HL7's sequence number protocol (HL7 v2.5.1 chapter 2, section 2.10.1): what a
//! sender says in MSH-13 and what it is told in MSA-4. The numbers are kept by the store.

use std::fmt;

/// The number that the next message of a link must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Any: no message was accepted since the link began or was synchronised anew.
    Any,
    /// This one.
    Number(u64),
}

/// As MSA-4 says it.
impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("-1"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// What a sender asks of its link, in a message without content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOrder {
    /// MSH-13 is 0: the link starts; which number is expected?
    Start,
    /// MSH-13 is -1: the number of the next message that is accepted counts.
    Resynchronise,
}

/// A link as it stands on stable storage, after an order on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkState {
    /// What the next message must have.
    pub expected: Expected,
}
