//! `KeyRing`, the seam over the keys that protect what is at rest, and the sealing with them;
//! where keys are kept and when they are destroyed, the store decides.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, MAX_TAG_LEN, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::clock::Timestamp;
use crate::id::{SenderId, SubjectKey};

/// What a key protects. Classes are destroyed apart from each other: thirty-day raw messages go
/// while the six-year ledger still answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyClass {
    /// Messages as they came.
    Raw,
    /// What waits for a recipient.
    Delivery,
    /// What a patient allowed.
    Consent,
    /// The subject's part of the ledger.
    Ledger,
}

impl KeyClass {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Delivery => "delivery",
            Self::Consent => "consent",
            Self::Ledger => "ledger",
        }
    }
}

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyOwner {
    /// A patient, one key a calendar month.
    Subject(SubjectKey),
    /// A sender, one key a day: intake that has no subject yet.
    Sender(SenderId),
}

/// The number of a key in the key file; stands beside what it sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

/// Why a key cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It was destroyed, or never was: what it sealed cannot be opened any more.
    #[error("the key was destroyed")]
    Destroyed,
    /// The key file cannot be read or written.
    #[error("the key file cannot be used: {0}")]
    Unavailable(String),
    /// The bytes are not what was sealed with this key for this purpose.
    #[error("the sealed bytes do not open with their key")]
    Mismatch,
}

/// A key that seals and opens: AES-256-GCM with a random nonce, which stands before the
/// ciphertext.
pub struct SealingKey {
    id: KeyId,
    key: RandomizedNonceKey,
}

impl SealingKey {
    /// The key with these 32 bytes.
    pub fn new(id: KeyId, secret: &[u8; 32]) -> Result<Self, KeyError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, secret);
        key.map(|key| Self { id, key })
            .map_err(|_unspecified| KeyError::Mismatch)
    }

    /// Its number.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Nonce, ciphertext and tag of `plain`; `context` is bound to it and must be given again to
    /// open it. What is sealed so never opens as a disclosure, whatever the context.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.seal_as(AT_REST, context, plain)
    }

    /// What [`SealingKey::seal`] sealed under `context`.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.open_as(AT_REST, context, sealed)
    }

    /// Only for the gate: seals what it granted.
    pub(crate) fn seal_disclosure(
        &self,
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.seal_as(DISCLOSURE, context, plain)
    }

    /// Only for the gate: opens what it sealed.
    pub(crate) fn open_disclosure(
        &self,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.open_as(DISCLOSURE, context, sealed)
    }

    fn seal_as(&self, domain: u8, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        // One buffer from the beginning: a message may be large.
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + MAX_TAG_LEN);
        sealed.extend_from_slice(&[0; NONCE_LEN]);
        sealed.extend_from_slice(plain);
        let (place, body) = sealed
            .split_at_mut_checked(NONCE_LEN)
            .ok_or(KeyError::Mismatch)?;
        let (nonce, tag) = self
            .key
            .seal_in_place_separate_tag(Aad::from(bound(domain, context)), body)
            .map_err(|_unspecified| KeyError::Mismatch)?;
        place.copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    fn open_as(&self, domain: u8, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (nonce, body) = sealed
            .split_at_checked(NONCE_LEN)
            .ok_or(KeyError::Mismatch)?;
        let nonce =
            Nonce::try_assume_unique_for_key(nonce).map_err(|_unspecified| KeyError::Mismatch)?;
        let mut body = body.to_vec();
        let length = self
            .key
            .open_in_place(nonce, Aad::from(bound(domain, context)), &mut body)
            .map_err(|_unspecified| KeyError::Mismatch)?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

/// What the store and others seal for themselves.
const AT_REST: u8 = 0;
/// What the gate seals. Only this crate can seal or open in this domain, so that a key alone
/// makes no disclosure.
const DISCLOSURE: u8 = 1;

/// The associated data: the domain, then the context.
fn bound(domain: u8, context: &[u8]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(context.len() + 1);
    bound.push(domain);
    bound.extend_from_slice(context);
    bound
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id.0)
    }
}

/// The keys of a store. A key that [`KeyRing::sealing_key`] makes is on stable storage before
/// anything sealed with it is committed.
pub trait KeyRing: Send + Sync {
    /// The present key of this owner and class, made when there is none.
    fn sealing_key(
        &self,
        owner: &KeyOwner,
        class: KeyClass,
        at: Timestamp,
    ) -> Result<std::sync::Arc<SealingKey>, KeyError>;

    /// The key with this number.
    fn opening_key(&self, id: KeyId) -> Result<std::sync::Arc<SealingKey>, KeyError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_open_only_under_their_context() {
        let key = SealingKey::new(KeyId(1), &[7; 32]).unwrap();
        let sealed = key.seal(b"here", b"plain").unwrap();
        assert_eq!(key.open(b"here", &sealed).unwrap(), b"plain");
        assert_eq!(key.open(b"there", &sealed), Err(KeyError::Mismatch));
        assert_eq!(key.open(b"here", b"short"), Err(KeyError::Mismatch));
    }
}
