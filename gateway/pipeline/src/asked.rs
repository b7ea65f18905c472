//! What every flow is asked about one record with, found once for all of them; the asking is done
//! in `release_stage`.

use std::sync::Arc;

use isthmus_core::address::{AddressDigest, addresses};
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::ConsentView;
use isthmus_core::id::{MessageId, Sequence};
use isthmus_core::key_ring::{KeyError, KeyRing, SealingKey};
use isthmus_core::name_lists::{NameLists, Print};
use isthmus_core::record::Record;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::subject::Digester;

use crate::ledger_notes::ledger_key;

/// The message whose records are released.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// Which message.
    pub id: MessageId,
    /// Its place in the journal.
    pub sequence: Sequence,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// A record and what every flow is asked about it with.
pub(crate) struct Asked<'r> {
    pub(crate) record: &'r Record,
    /// Its place among the records of its message.
    pub(crate) place: u32,
    pub(crate) print: Print,
    pub(crate) addresses: Vec<AddressDigest>,
    pub(crate) ledger_key: Arc<SealingKey>,
    /// What patients allow.
    pub(crate) consents: &'r dyn ConsentView,
}

impl<'r> Asked<'r> {
    /// What is known of a record before any flow is asked.
    ///
    /// # Errors
    /// When what the ledger keeps could not be sealed.
    pub(crate) fn of(
        record: &'r Record,
        place: u32,
        origin: Origin,
        keys: &dyn KeyRing,
        digester: &Digester,
        names: &NameLists,
        consents: &'r dyn ConsentView,
    ) -> Result<Self, Refusal> {
        let ledger_key = ledger_key(keys, record.subject, origin.now);
        let addresses = addresses(&record.resources).into_iter();
        Ok(Self {
            record,
            place,
            print: names.print(&record.resources),
            addresses: addresses.map(|one| digester.address(&one)).collect(),
            ledger_key: ledger_key.map_err(|error| unusable(&error))?,
            consents,
        })
    }
}

/// Keys that cannot be had: the message waits for a person.
pub(crate) fn unusable(error: &KeyError) -> Refusal {
    tracing::error!(%error, "a disclosure was not sealed");
    Refusal::park(Reason::StoreUnavailable)
}
