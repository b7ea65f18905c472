//! `Work`, what the committer is given to commit, sealed; how it is written is in `committer`.

use isthmus_core::application_answer::AnswerPlace;
use isthmus_core::id::SenderId;
use isthmus_core::journal::{Checkpoint, Conclusion, ParkedRuling, Settlement};
use isthmus_core::link::LinkOrder;

use crate::intake_rows::SealedIntake;
use crate::owed_rows::SealedAnswer;

/// What is to be committed.
#[derive(Debug)]
pub(crate) enum Work {
    Intake(SealedIntake),
    Numbered(SealedIntake, u64),
    Link(SenderId, LinkOrder),
    /// What became of messages, with the answers that are owed for them.
    Conclusions(Vec<(Conclusion, Option<SealedAnswer>)>),
    Settlements(Vec<Settlement>),
    Rulings(Vec<ParkedRuling>),
    Checkpoint(Checkpoint),
    Acknowledged(Vec<AnswerPlace>),
}

impl Work {
    /// Whether it takes room in the store: the higher, the sooner a full store does without it.
    pub(crate) const fn room(&self) -> u8 {
        match self {
            Self::Settlements(_)
            | Self::Rulings(_)
            | Self::Checkpoint(_)
            | Self::Acknowledged(_) => 0,
            Self::Conclusions(_) => 1,
            Self::Intake(_) | Self::Numbered(..) | Self::Link(..) => 2,
        }
    }

    /// Whether it adds to the ledger.
    pub(crate) const fn is_in_ledger(&self) -> bool {
        match self {
            Self::Conclusions(_) | Self::Settlements(_) | Self::Rulings(_) => true,
            Self::Intake(_)
            | Self::Numbered(..)
            | Self::Link(..)
            | Self::Checkpoint(_)
            | Self::Acknowledged(_) => false,
        }
    }

    /// Whether senders are owed answers after it.
    pub(crate) fn owes(&self) -> bool {
        match self {
            Self::Conclusions(all) => all.iter().any(|(_, answer)| answer.is_some()),
            Self::Settlements(_)
            | Self::Rulings(_)
            | Self::Intake(_)
            | Self::Numbered(..)
            | Self::Link(..)
            | Self::Checkpoint(_)
            | Self::Acknowledged(_) => false,
        }
    }
}
