//! `SqliteConsents`, what patients said, word by word, sealed under their own keys; what follows
//! from it is decided in the privacy gate.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentChoice, ConsentStore, ConsentView};
use isthmus_core::hold::Hold;
use isthmus_core::id::{FlowId, RecipientId, SubjectKey};
use isthmus_core::key_ring::{KeyClass, KeyError, KeyOwner, KeyRing};
use isthmus_core::phi::Phi;
use rusqlite::{Connection, params};

use crate::consent_rows::{SealedConsent, read_consent, seal_context};
use crate::consent_view::SqliteConsentView;
use crate::database::{hold, within};
use crate::error::{StoreError, in_file};
use crate::file_key_ring::FileKeyRing;
use crate::readers::Readers;
use crate::restriction_rows::{self, leave_tombstones};

/// The longest evidence, in bytes.
pub const EVIDENCE_LIMIT: usize = 4_096;

/// The longest category, in bytes.
pub const CATEGORY_LIMIT: usize = 128;

/// One word of a patient on one category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedConsent {
    /// The category, as the policies name it.
    pub category: String,
    /// What was said, which word it was, and when it was recorded.
    pub consent: Consent,
    /// What shows that they said it: a form and its version, a call, a web page.
    pub evidence: Phi<String>,
}

/// The consents of a store. Every read asks the file, so that a word recorded by another process
/// counts from the moment it is committed.
pub struct SqliteConsents {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Readers,
    keys: Arc<FileKeyRing>,
}

impl SqliteConsents {
    pub(crate) fn open(
        path: &Path,
        writer: Connection,
        keys: Arc<FileKeyRing>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            readers: Readers::open(path)?,
            keys,
        })
    }

    /// Records a word of a patient on a category, synced before this returns, and gives its
    /// version: 1 for the first, then one more each time. Blocking. The category is stored
    /// openly, what was said and the evidence are sealed. What of the patient's is queued for one
    /// of the flows of `takes_back` loses its payload in the same commit: nothing is left to send.
    ///
    /// # Errors
    /// A category over [`CATEGORY_LIMIT`] or evidence over [`EVIDENCE_LIMIT`]; keys or a file
    /// that cannot be used. Nothing is recorded then.
    pub fn set_consent(
        &self,
        subject: &SubjectKey,
        category: &str,
        choice: ConsentChoice,
        at: Timestamp,
        evidence: &str,
        takes_back: &[(RecipientId, FlowId)],
    ) -> Result<u64, StoreError> {
        within_bound("the category", category, CATEGORY_LIMIT)?;
        within_bound("the evidence", evidence, EVIDENCE_LIMIT)?;
        let owner = KeyOwner::Subject(*subject);
        self.keys
            .notice_destructions()
            .map_err(in_file(&self.path))?;
        let key = self.keys.sealing_key(&owner, KeyClass::Consent, at)?;
        self.keys.flush().map_err(in_file(&self.path))?;
        let word = [choice.code().as_bytes(), b"\n", evidence.as_bytes()].concat();
        let writer = hold(&self.writer);
        let recorded = within(&writer, |connection| {
            let newest = "SELECT coalesce(max(version), 0) FROM consent
                          WHERE subject = ?1 AND category = ?2";
            let of = params![subject.as_bytes(), category];
            let version = 1 + connection.query_row(newest, of, |row| row.get::<_, i64>(0))?;
            let context = seal_context(subject, category, version.cast_unsigned(), at);
            let sealed = match key.seal(&context, &word) {
                Ok(sealed) => sealed,
                Err(error) => return Ok(Err(error)),
            };
            let insert = "INSERT INTO consent VALUES(?1, ?2, ?3, ?4, ?5, ?6)";
            let key = key.id().0.cast_signed();
            let row = params![
                subject.as_bytes(),
                category,
                version,
                at.unix_millis(),
                key,
                sealed
            ];
            connection.execute(insert, row)?;
            leave_tombstones(connection, subject, takes_back)?;
            Ok(Ok(version.cast_unsigned()))
        });
        Ok(recorded.map_err(in_file(&self.path))??)
    }

    /// Holds back everything about a patient, or lets it go again with None; synced before this
    /// returns. What was parked for a hold goes on when it is lifted. Blocking.
    pub fn set_hold(
        &self,
        subject: &SubjectKey,
        hold_for: Option<Hold>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let writer = hold(&self.writer);
        within(&writer, |connection| {
            restriction_rows::set_hold(connection, subject, hold_for, at)
        })
        .map_err(in_file(&self.path))
    }

    /// Lets no marketing go to an address any more, whoever has it; synced before this returns.
    /// `source` tells how it is known. False when it was so already. Blocking.
    pub fn suppress(
        &self,
        address: &AddressDigest,
        at: Timestamp,
        source: &str,
    ) -> Result<bool, StoreError> {
        within_bound("the source", source, CATEGORY_LIMIT)?;
        let writer = hold(&self.writer);
        within(&writer, |connection| {
            restriction_rows::suppress(connection, address, at, source)
        })
        .map_err(in_file(&self.path))
    }

    /// Every word of a patient, category by category, oldest first.
    ///
    /// # Errors
    /// Also when the key of one of them was destroyed: what a patient said is told whole or not
    /// at all.
    pub fn consents(&self, subject: &SubjectKey) -> Result<Vec<RecordedConsent>, StoreError> {
        let rows: Vec<SealedConsent> = {
            let read = || {
                let reader = self.readers.begin()?;
                let mut statement = reader.prepare_cached(
                    "SELECT category, version, recorded_at, key, sealed FROM consent
                     WHERE subject = ?1 ORDER BY category, version",
                )?;
                let rows = statement.query_map([subject.as_bytes()], read_consent)?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            };
            read().map_err(in_file(&self.path))?
        };
        let opened = rows.into_iter().map(|row| {
            let (consent, evidence) = row.open(self.keys.as_ref(), subject)?;
            Ok(RecordedConsent {
                category: row.category,
                consent,
                evidence,
            })
        });
        Ok(opened.collect::<Result<Vec<_>, KeyError>>()?)
    }
}

impl ConsentStore for SqliteConsents {
    fn view(&self) -> Box<dyn ConsentView + '_> {
        Box::new(SqliteConsentView::new(&self.readers, &self.keys))
    }
}

impl fmt::Debug for SqliteConsents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteConsents({})", self.path.display())
    }
}

fn within_bound(what: &'static str, text: &str, limit: usize) -> Result<(), StoreError> {
    if text.len() > limit {
        return Err(StoreError::TooLong { what, limit });
    }
    Ok(())
}
