//! `Watch`, which looks at everything that the demo shows, and `View`, what it saw at one moment;
//! how it looks on a terminal is decided in `table`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::admin::answer::Status;
use crate::admin::request::Request;
use crate::command::flow::FlowNames;
use crate::demo::asking::Asking;
use crate::demo::board::{Board, Heard};
use crate::demo::ledger_reading::{self, LedgerReading};
use crate::demo::receiver_book::{ReceiverBook, ReceiverView};
use crate::failure::Failure;

/// The id of the sample CRM.
pub(crate) const CRM: &str = "crm";
/// The id of the sample marketing platform.
pub(crate) const MARKETING: &str = "marketing";

/// A recipient that the demo plays.
pub(crate) struct SampleRecipient {
    /// Its id in policies and configuration.
    pub(crate) id: &'static str,
    /// How people call it.
    pub(crate) name: &'static str,
    /// What it keeps.
    pub(crate) book: Arc<ReceiverBook>,
    /// What the flow report says that it may get.
    pub(crate) names: FlowNames,
}

/// Everything that is looked at.
pub(crate) struct Watch {
    /// The gateway.
    pub(crate) asking: Asking,
    /// The sending system.
    pub(crate) board: Arc<Board>,
    /// The recipients.
    pub(crate) recipients: Vec<SampleRecipient>,
}

/// What was seen of one recipient.
pub(crate) struct RecipientView {
    /// Its id.
    pub(crate) id: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// What it counted.
    pub(crate) counts: ReceiverView,
    /// Fields that arrived and that the flow report does not have.
    pub(crate) beyond: BTreeSet<String>,
    /// What arrived is, delivery by delivery, what the ledger says was released.
    pub(crate) is_as_told: bool,
    /// What never leaves for it, summed up by element.
    pub(crate) never_leaves: String,
}

/// What was seen at one moment.
pub(crate) struct View {
    /// Of the sending system.
    pub(crate) heard: Heard,
    /// Of the gateway.
    pub(crate) status: Status,
    /// Of its ledger.
    pub(crate) ledger: LedgerReading,
    /// Of the recipients.
    pub(crate) recipients: Vec<RecipientView>,
}

impl Watch {
    /// Looks.
    pub(crate) async fn look(&self) -> Result<View, Failure> {
        let status = self.asking.ask(Request::Status).await?;
        let ledger = ledger_reading::read(&self.asking).await?;
        let recipients = self.recipients.iter();
        Ok(View {
            heard: self.board.heard(),
            status,
            recipients: recipients.map(|one| one.look(&ledger)).collect(),
            ledger,
        })
    }
}

impl SampleRecipient {
    fn look(&self, ledger: &LedgerReading) -> RecipientView {
        let counts = self.book.view();
        let told = ledger.delivered.get(self.id).cloned().unwrap_or_default();
        let beyond = counts.fields.difference(&self.names.fields);
        RecipientView {
            id: self.id,
            name: self.name,
            beyond: beyond.cloned().collect(),
            is_as_told: told == self.book.taken(),
            counts,
            never_leaves: self.names.never_leaves.clone(),
        }
    }
}

impl View {
    /// How many messages ended so.
    pub(crate) fn outcomes(&self, kind: &str) -> u64 {
        let rows = self.status.outcomes.iter();
        let rows = rows.filter(|row| row.kind == kind);
        rows.map(|row| row.count).sum()
    }
}
