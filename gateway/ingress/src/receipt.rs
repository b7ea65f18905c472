//! `Receipt`, the proof from the store that a positive answer needs, and what MSA-4 says beside it.
//! What says no is in `rejection`.

use isthmus_core::intake::Accepted;
use isthmus_core::link::{Expected, LinkState};

/// What the store took over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// A message is on stable storage.
    Stored {
        /// The proof.
        accepted: Accepted,
        /// Its number, where its sender numbers messages.
        number: Option<u64>,
    },
    /// An order on a link was carried out.
    Link(LinkState),
}

impl Receipt {
    /// MSA-4: the number of an accepted message is echoed, an order is answered with what is
    /// expected (HL7 v2.5.1 chapter 2, section 2.10.1).
    pub(crate) fn told(&self) -> Option<Expected> {
        match self {
            Self::Stored { number, .. } => number.map(Expected::Number),
            Self::Link(state) => Some(state.expected),
        }
    }
}

impl From<Accepted> for Receipt {
    fn from(accepted: Accepted) -> Self {
        Self::Stored {
            accepted,
            number: None,
        }
    }
}
