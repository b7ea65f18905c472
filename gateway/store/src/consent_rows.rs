//! The rows of `consent`: how a word of a patient is read and opened. Recording one is in
//! `sqlite_consents`.

use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentChoice};
use isthmus_core::id::SubjectKey;
use isthmus_core::key_ring::{KeyError, KeyId, KeyRing};
use isthmus_core::phi::Phi;
use rusqlite::Row;

use crate::key_label::context;

/// A row, still sealed.
pub(crate) struct SealedConsent {
    /// The category, which is stored openly.
    pub(crate) category: String,
    version: u64,
    recorded_at: Timestamp,
    key: KeyId,
    sealed: Vec<u8>,
}

impl SealedConsent {
    /// What was said, and what shows it.
    pub(crate) fn open(
        &self,
        keys: &dyn KeyRing,
        subject: &SubjectKey,
    ) -> Result<(Consent, Phi<String>), KeyError> {
        let context = seal_context(subject, &self.category, self.version, self.recorded_at);
        let word = keys.opening_key(self.key)?.open(&context, &self.sealed)?;
        let word = String::from_utf8(word).map_err(|_not_text| KeyError::Mismatch)?;
        let (choice, evidence) = word.split_once('\n').ok_or(KeyError::Mismatch)?;
        let consent = Consent {
            choice: ConsentChoice::parse(choice).ok_or(KeyError::Mismatch)?,
            version: self.version,
            recorded_at: self.recorded_at,
        };
        Ok((consent, Phi::new(evidence.to_owned())))
    }
}

/// Reads `category, version, recorded_at, key, sealed`.
pub(crate) fn read_consent(row: &Row<'_>) -> rusqlite::Result<SealedConsent> {
    Ok(SealedConsent {
        category: row.get(0)?,
        version: row.get::<_, i64>(1)?.cast_unsigned(),
        recorded_at: Timestamp::from_unix_millis(row.get(2)?),
        key: KeyId(row.get::<_, i64>(3)?.cast_unsigned()),
        sealed: row.get(4)?,
    })
}

/// What a word is sealed together with.
pub(crate) fn seal_context(
    subject: &SubjectKey,
    category: &str,
    version: u64,
    recorded_at: Timestamp,
) -> Vec<u8> {
    let version = version.to_be_bytes();
    let recorded_at = recorded_at.unix_millis().to_be_bytes();
    let parts: [&[u8]; 4] = [
        subject.as_bytes(),
        category.as_bytes(),
        &version,
        &recorded_at,
    ];
    context(b"isthmus consent 1", &parts)
}
