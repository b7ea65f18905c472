//! What operators are told of a store: counts, what is parked, the way of one message, entries of
//! the ledger; no message and no value of a patient.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use isthmus_core::id::{RecipientId, SenderId, Sequence};
use isthmus_core::ledger_rows::LedgerRows;
use isthmus_ledger::view::{self, EntryFilter, EntryView};
use isthmus_store::store::Store;

use crate::admin::answer::{CheckpointNote, LedgerPage, ParkedRow, Status, Trail};
use crate::admin::request::LedgerQuery;
use crate::failure::Failure;

/// How many parked items the status lists.
const LISTED_MAX: usize = 50;

/// Reads a store.
pub(crate) struct Reports<'d> {
    pub(crate) store: &'d Store,
    /// The senders of the configuration.
    pub(crate) senders: Arc<Vec<SenderId>>,
}

impl Reports<'_> {
    /// Counts, and what is parked.
    pub(crate) fn status(&self) -> Result<Status, Failure> {
        let summary = self.store.summary().map_err(Failure::run)?;
        let counts = summary.counts().map_err(Failure::run)?;
        let parked = summary.parked(None, LISTED_MAX).map_err(Failure::run)?;
        Ok(Status::new(counts, parked))
    }

    /// What waits for a person.
    pub(crate) fn parked(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ParkedRow>, Failure> {
        let summary = self.store.summary().map_err(Failure::run)?;
        let parked = summary.parked(after.map(Sequence), limit);
        let parked = parked.map_err(Failure::run)?.into_iter();
        Ok(parked.map(ParkedRow::from).collect())
    }

    /// What became of the messages with a control id.
    pub(crate) fn why(
        &self,
        control_id: &str,
        sender: Option<&str>,
        recipient: Option<&str>,
    ) -> Result<Vec<Trail>, Failure> {
        let summary = self.store.summary().map_err(Failure::run)?;
        let ledger = self.store.ledger().map_err(Failure::run)?;
        let keys = self.store.keys();
        let senders: BTreeSet<&SenderId> = self.senders.iter().collect();
        let mut trails = Vec::new();
        for id in senders {
            if sender.is_some_and(|sender| sender != id.as_str()) {
                continue;
            }
            let control = self.store.digester().control_id(id, control_id.as_bytes());
            for trail in summary
                .trails(&control, self.store.digester())
                .map_err(Failure::run)?
            {
                let rows = ledger.of_message(trail.sequence).map_err(Failure::run)?;
                let mut entries = Vec::new();
                for row in rows {
                    entries.extend(view::entry_of(&row, keys.as_ref()).map_err(Failure::run)?);
                }
                trails.push(Trail::new(trail, entries, recipient));
            }
        }
        trails.sort_by_key(|trail| trail.message);
        Ok(trails)
    }

    /// The newest entries that are asked for.
    pub(crate) fn ledger(&self, query: &LedgerQuery) -> Result<LedgerPage, Failure> {
        let ledger = self.store.ledger().map_err(Failure::run)?;
        let keys = self.store.keys();
        let size = ledger.size().map_err(Failure::run)?;
        let asked = |entry: &EntryView| {
            let is = |wanted: Option<&str>, one: Option<&str>| {
                wanted.is_none_or(|wanted| one == Some(wanted))
            };
            is(query.recipient.as_deref(), entry.recipient.as_deref())
                && is(query.outcome.as_deref(), Some(&entry.outcome))
        };
        let mut entries = VecDeque::new();
        let mut keep = |entry: EntryView| {
            if entries.len() >= query.limit.max(1) {
                entries.pop_front();
            }
            entries.push_back(entry);
        };
        if let Some(message) = query.message {
            let rows = ledger.of_message(Sequence(message)).map_err(Failure::run)?;
            for row in rows {
                let entry = view::entry_of(&row, keys.as_ref()).map_err(Failure::run)?;
                entry.into_iter().filter(asked).for_each(&mut keep);
            }
        } else {
            let filter = EntryFilter {
                from: query.from,
                to: query.to,
                recipient: query.recipient.as_deref().map(RecipientId::new),
                outcome: query.outcome.clone(),
                ..EntryFilter::default()
            };
            let mut each = |entry| {
                keep(entry);
                true
            };
            view::view(&ledger, keys.as_ref(), &filter, &mut each).map_err(Failure::run)?;
        }
        Ok(LedgerPage {
            size,
            entries: entries.into(),
        })
    }

    /// The newest checkpoint.
    pub(crate) fn checkpoint(&self) -> Result<CheckpointNote, Failure> {
        let ledger = self.store.ledger().map_err(Failure::run)?;
        let last = ledger.last_checkpoint().map_err(Failure::run)?;
        let note = last.map(|checkpoint| checkpoint.note);
        Ok(CheckpointNote { note })
    }
}
