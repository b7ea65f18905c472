//! `SqliteConsentView`, what the store knows of patients at one moment, read as it is asked for;
//! recording is in `sqlite_consents`.

use std::cell::OnceCell;

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentUnavailable, ConsentView};
use isthmus_core::hold::Hold;
use isthmus_core::id::SubjectKey;
use isthmus_core::key_ring::KeyError;
use rusqlite::{Connection, OptionalExtension, params};

use crate::consent_rows::read_consent;
use crate::file_key_ring::FileKeyRing;
use crate::readers::{Moment, Readers};
use crate::restriction_rows;

/// What a store knows from the first question on.
pub(crate) struct SqliteConsentView<'s> {
    readers: &'s Readers,
    keys: &'s FileKeyRing,
    moment: OnceCell<Result<Moment<'s>, ConsentUnavailable>>,
}

impl<'s> SqliteConsentView<'s> {
    pub(crate) fn new(readers: &'s Readers, keys: &'s FileKeyRing) -> Self {
        Self {
            readers,
            keys,
            moment: OnceCell::new(),
        }
    }

    /// Reads something of the moment.
    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ConsentUnavailable> {
        let moment = self
            .moment
            .get_or_init(|| self.readers.begin().map_err(|error| unreadable(&error)));
        match moment {
            Ok(moment) => read(moment).map_err(|error| unreadable(&error)),
            Err(error) => Err(error.clone()),
        }
    }
}

impl ConsentView for SqliteConsentView<'_> {
    fn as_of(&self, now: Timestamp) -> Timestamp {
        now
    }

    fn hold(&self, subject: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable> {
        self.read(|connection| restriction_rows::hold_of(connection, subject))
    }

    fn is_suppressed(&self, addresses: &[AddressDigest]) -> Result<bool, ConsentUnavailable> {
        self.read(|connection| restriction_rows::is_suppressed(connection, addresses))
    }

    /// A word whose key was destroyed makes an error, not None: whoever asks must withhold until
    /// the patient says something again.
    fn consent(
        &self,
        subject: &SubjectKey,
        category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable> {
        let newest = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT category, version, recorded_at, key, sealed FROM consent
                 WHERE subject = ?1 AND category = ?2 ORDER BY version DESC LIMIT 1",
            )?;
            let of = params![subject.as_bytes(), category];
            statement.query_row(of, read_consent).optional()
        })?;
        let opened = newest.map(|row| row.open(self.keys, subject));
        let opened = opened.transpose().map_err(|error| match error {
            KeyError::Unavailable(_) => ConsentUnavailable::Now(error.to_string()),
            KeyError::Destroyed | KeyError::Mismatch => ConsentUnavailable::Lost(error.to_string()),
        })?;
        Ok(opened.map(|(consent, _evidence)| consent))
    }
}

fn unreadable(error: &rusqlite::Error) -> ConsentUnavailable {
    ConsentUnavailable::Now(error.to_string())
}
