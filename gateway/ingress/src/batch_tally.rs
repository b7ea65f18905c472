//! `Tally`, what became of the messages of a batch or file, for whoever has to mend it. What its
//! sender is told is in `batch_answer`.

use isthmus_core::refusal::Reason;
use isthmus_hl7v2::location::Location;

use crate::receipt::Receipt;
use crate::rejection::Rejection;

/// Refusals that are remembered.
const REFUSALS_MAX: usize = 100;

/// What became of them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How many are on stable storage.
    pub(crate) accepted: usize,
    /// How many could not be stored now.
    pub(crate) unavailable: usize,
    /// How many are refused for good.
    pub(crate) refused: usize,
    /// The first of these: which message of the text, counted from 1, why and where.
    pub(crate) refusals: Vec<(usize, Reason, Option<Location>)>,
}

impl Tally {
    /// Adds the message at this place, counted from 0.
    pub(crate) fn add(&mut self, place: usize, outcome: &Result<Receipt, Rejection>) {
        let Err(rejection) = outcome else {
            self.accepted = self.accepted.saturating_add(1);
            return;
        };
        let reason = rejection.refusal.reason;
        if reason == Reason::StoreUnavailable {
            self.unavailable = self.unavailable.saturating_add(1);
            return;
        }
        self.refused = self.refused.saturating_add(1);
        if self.refusals.len() < REFUSALS_MAX {
            let number = place.saturating_add(1);
            self.refusals.push((number, reason, rejection.location));
        }
    }
}
