//! Intake over the journal: a message is accepted when, and only when, its unit is committed;
//! checking senders and answering them is the listener's business.

use std::sync::Arc;

use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::SenderId;
use isthmus_core::intake::{Accepted, Intake, Numbered};
use isthmus_core::journal::{Committed, Journal, JournalError, Unit};
use isthmus_core::link::{LinkOrder, LinkState};
use isthmus_core::refusal::{Reason, Refusal};

/// Takes messages into a journal.
pub struct JournalIntake {
    journal: Arc<dyn Journal>,
}

impl std::fmt::Debug for JournalIntake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JournalIntake")
    }
}

impl JournalIntake {
    /// An intake that commits to this journal.
    pub fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal }
    }
}

impl Intake for JournalIntake {
    fn accept(&self, message: Envelope<RawMessage>) -> BoxFuture<'_, Result<Accepted, Refusal>> {
        Box::pin(async move {
            match self.journal.commit(Unit::Intake(message)).await {
                Ok(Committed::Intake(accepted)) => Ok(accepted),
                other => Err(unproved(&other)),
            }
        })
    }

    fn accept_numbered(
        &self,
        message: Envelope<RawMessage>,
        number: u64,
    ) -> BoxFuture<'_, Result<Numbered, Refusal>> {
        Box::pin(async move {
            match self.journal.commit(Unit::Numbered(message, number)).await {
                Ok(Committed::Numbered(numbered)) => Ok(numbered),
                other => Err(unproved(&other)),
            }
        })
    }

    fn link(
        &self,
        sender: SenderId,
        order: LinkOrder,
    ) -> BoxFuture<'_, Result<LinkState, Refusal>> {
        Box::pin(async move {
            match self.journal.commit(Unit::Link(sender, order)).await {
                Ok(Committed::Link(state)) => Ok(state),
                other => Err(unproved(&other)),
            }
        })
    }
}

/// An answer that does not speak of the message is no proof that it is stored.
fn unproved(answer: &Result<Committed, JournalError>) -> Refusal {
    match answer {
        Ok(_) => Refusal::retry(Reason::StoreUnavailable),
        Err(error) => refusal(error),
    }
}

/// Every fault of the journal is ours, never the message's.
fn refusal(error: &JournalError) -> Refusal {
    tracing::error!(%error, "a message was not accepted");
    Refusal::retry(Reason::StoreUnavailable)
}
