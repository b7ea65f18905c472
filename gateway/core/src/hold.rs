//! `Hold`, why nothing about a patient may leave for the time being; placing and lifting holds is
//! the store's business, and what follows from one is decided in the privacy gate.

/// Why everything about a patient waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Who the data is about is not certain; a person reviews it.
    Review,
    /// The practice agreed to restrict disclosures (45 CFR 164.522(a)), or the law holds them.
    Restriction,
}

impl Hold {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Restriction => "restriction",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "review" => Some(Self::Review),
            "restriction" => Some(Self::Restriction),
            _ => None,
        }
    }
}
