//! Which path includes which: the proof that what a map reads lies within what a policy allows;
//! what follows from it is decided in the privacy gate.

use crate::path::syntax::{ElementPath, Selector, Step};

impl ElementPath {
    /// Whether on every tree all elements that `other` selects are selected by this path too.
    ///
    /// Heads and names must be equal and the paths equally long. Without a bracket, with `[]` and
    /// with `[0..]` every repetition is included; keys include what has the same keys and perhaps
    /// more; `[2]` includes `[2]`; `[1..]` includes `[1..]`, `[3..]` and `[4]`. What cannot be
    /// proved from the paths alone is not included.
    ///
    /// This says nothing of the elements that `other`'s keys compare; they are read too
    /// ([`ElementPath::key_reads`]).
    pub fn covers_exactly(&self, other: &Self) -> bool {
        self.steps.len() == other.steps.len() && self.covers_prefix(other)
    }

    /// Whether all elements that `other` selects are selected by this path or lie below one that
    /// is: a path to a complex element includes everything in it. Otherwise as
    /// [`ElementPath::covers_exactly`].
    pub fn covers_prefix(&self, other: &Self) -> bool {
        self.head == other.head
            && self.steps.len() <= other.steps.len()
            && self
                .steps
                .iter()
                .zip(&other.steps)
                .all(|(step, other)| step.covers(other))
    }
}

impl Step {
    fn covers(&self, other: &Self) -> bool {
        self.name == other.name && self.selector.covers(&other.selector)
    }
}

impl Selector {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None | Self::Each | Self::From(0), _) => true,
            (Self::Index(own), Self::Index(index)) => own == index,
            (Self::From(own), Self::Index(other) | Self::From(other)) => own <= other,
            (Self::Keys(own), Self::Keys(keys)) => own
                .iter()
                .all(|key| keys.iter().any(|other| key.is_same(other))),
            (Self::Index(_) | Self::From(_) | Self::Keys(_), _) => false,
        }
    }
}
