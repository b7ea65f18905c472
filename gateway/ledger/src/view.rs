//! The entries of a ledger as people read them: all, or those that they ask for. Whether they are
//! what was committed is told by `verify`; how they look on a terminal is the command's business.

use isthmus_core::id::{RecipientId, SubjectKey, hexadecimal};
use isthmus_core::key_ring::{KeyError, KeyRing};
use isthmus_core::ledger::{LedgerEvent, LedgerSubject, ReadEntry};
use isthmus_core::ledger_rows::{LedgerRow, LedgerRows, LedgerUnreadable};
use serde::{Deserialize, Serialize};

/// Which entries are asked for; what is None asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// The first place, counted from 0.
    pub from: Option<u64>,
    /// The last place.
    pub to: Option<u64>,
    /// Only about this recipient.
    pub recipient: Option<RecipientId>,
    /// Only of this kind.
    pub event: Option<LedgerEvent>,
    /// Only with this outcome.
    pub outcome: Option<String>,
    /// Only about this patient.
    pub subject: Option<SubjectKey>,
}

/// One entry. Rules, codes and field names; no value of a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    /// Its place, counted from 0.
    pub entry: u64,
    /// When, in RFC 3339.
    pub at: String,
    /// What happened, see [`LedgerEvent::code`].
    pub event: String,
    /// How it ended.
    pub outcome: String,
    /// The reason code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Which attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// Who ruled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why they ruled so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// The flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// The flow's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_version: Option<u64>,
    /// Purpose of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// SHA-256 over the policy, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The version of the consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_version: Option<u64>,
    /// What it says of a patient; None when it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectView>,
}

/// The sealed part of an entry: a word when it does not open, else what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SubjectView {
    /// It does not open.
    Closed(ClosedSubject),
    /// It opens.
    Open(OpenSubject),
}

/// Why a sealed part does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedSubject {
    /// Its key was destroyed.
    Destroyed,
    /// Its key opens something else: it was damaged.
    Damaged,
}

/// What an entry says of a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSubject {
    /// The patient's key: a digest, hexadecimal.
    pub subject: String,
    /// The message.
    pub message: String,
    /// The delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// The fields of the record that were released, by name.
    pub released: Vec<String>,
    /// What the message had and the recipient does not get, by path.
    pub withheld: Vec<String>,
    /// SHA-256 over the record as it is delivered, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// How a reading ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Viewed {
    /// How many entries were shown.
    pub shown: u64,
    /// How many could be about the patient who was asked for and cannot be opened.
    pub closed: u64,
    /// How many lines are no entries.
    pub unreadable: u64,
}

/// Why nothing more is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The rows cannot be read.
    #[error(transparent)]
    Rows(#[from] LedgerUnreadable),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Hands the entries that a filter asks for to `each`, in order, until it says false.
///
/// # Errors
/// When rows or keys cannot be read. A key that was destroyed is no error.
pub fn view(
    rows: &dyn LedgerRows,
    keys: &dyn KeyRing,
    filter: &EntryFilter,
    each: &mut dyn FnMut(EntryView) -> bool,
) -> Result<Viewed, ViewError> {
    let mut viewed = Viewed::default();
    let mut failed = None;
    rows.for_each(&mut |row| {
        if filter.to.is_some_and(|to| row.place > to) {
            return false;
        }
        match filter.asked_for(&row, keys, &mut viewed) {
            Ok(None) => true,
            Ok(Some(entry)) => {
                viewed.shown += 1;
                each(entry)
            }
            Err(error) => {
                failed = Some(error);
                false
            }
        }
    })?;
    failed.map_or(Ok(viewed), |error| Err(error.into()))
}

/// One row as people read it; None when its line is no entry.
///
/// # Errors
/// When keys cannot be read. A key that was destroyed is no error.
pub fn entry_of(row: &LedgerRow, keys: &dyn KeyRing) -> Result<Option<EntryView>, KeyError> {
    EntryFilter::default().asked_for(row, keys, &mut Viewed::default())
}

impl EntryFilter {
    /// The entry of a row, when it is asked for.
    fn asked_for(
        &self,
        row: &LedgerRow,
        keys: &dyn KeyRing,
        viewed: &mut Viewed,
    ) -> Result<Option<EntryView>, KeyError> {
        if self.from.is_some_and(|from| row.place < from) {
            return Ok(None);
        }
        let Some(read) = ReadEntry::parse(&row.line) else {
            viewed.unreadable += 1;
            return Ok(None);
        };
        if !self.allows(&read) {
            return Ok(None);
        }
        let subject = opened(&read, keys)?;
        if let Some(wanted) = &self.subject {
            match &subject {
                Some(Ok(subject)) if subject.subject == *wanted => {}
                Some(Err(_closed)) => {
                    viewed.closed += 1;
                    return Ok(None);
                }
                Some(Ok(_)) | None => return Ok(None),
            }
        }
        let subject = subject.map(|opened| match opened {
            Ok(subject) => SubjectView::Open(OpenSubject::from(subject)),
            Err(closed) => SubjectView::Closed(closed),
        });
        Ok(Some(entry_view(row.place, &read, subject)))
    }

    /// Whether what stands open in an entry is asked for.
    fn allows(&self, read: &ReadEntry) -> bool {
        let is = |name, wanted: Option<&str>| wanted.is_none_or(|one| read.text(name) == Some(one));
        is(
            "recipient",
            self.recipient.as_ref().map(RecipientId::as_str),
        ) && is("event", self.event.map(LedgerEvent::code))
            && is("outcome", self.outcome.as_deref())
    }
}

/// The sealed part of an entry, or why it does not open; None when it has none.
fn opened(
    read: &ReadEntry,
    keys: &dyn KeyRing,
) -> Result<Option<Result<LedgerSubject, ClosedSubject>>, KeyError> {
    let Some(key) = read.key() else {
        return Ok(None);
    };
    let subject = keys.opening_key(key).and_then(|key| read.subject(&key));
    Ok(Some(match subject {
        Ok(subject) => Ok(subject),
        Err(KeyError::Destroyed) => Err(ClosedSubject::Destroyed),
        Err(KeyError::Mismatch) => Err(ClosedSubject::Damaged),
        Err(error @ KeyError::Unavailable(_)) => return Err(error),
    }))
}

fn entry_view(place: u64, read: &ReadEntry, subject: Option<SubjectView>) -> EntryView {
    let text = |name| read.text(name).map(str::to_owned);
    EntryView {
        entry: place,
        at: text("at").unwrap_or_default(),
        event: text("event").unwrap_or_default(),
        outcome: text("outcome").unwrap_or_default(),
        reason: text("reason"),
        attempt: read.number("attempt"),
        by: text("by"),
        why: text("why"),
        recipient: text("recipient"),
        flow: text("flow"),
        flow_version: read.number("flow_version"),
        purpose: text("purpose"),
        policy: text("policy"),
        consent_version: read.number("consent_version"),
        subject,
    }
}

impl From<LedgerSubject> for OpenSubject {
    fn from(subject: LedgerSubject) -> Self {
        Self {
            subject: subject.subject.to_string(),
            message: subject.message.to_string(),
            delivery: subject.delivery.map(|delivery| delivery.to_string()),
            released: subject.released.to_vec(),
            withheld: subject.withheld.to_vec(),
            sha256: subject.digest.map(|digest| hexadecimal(&digest)),
        }
    }
}
