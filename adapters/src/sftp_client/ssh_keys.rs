//! The keys of SSH as configurations state them: those that a server may have, and our own. No key
//! is ever taken because it was seen.

use std::fmt;
use std::sync::Arc;

use russh::keys::{Algorithm, Error, PrivateKey, PublicKey, decode_secret_key};

/// Why a text is no key that can be used. Never holds a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It cannot be read.
    #[error("it is no key of OpenSSH")]
    Unreadable,
    /// It asks for a passphrase.
    #[error("the key has a passphrase")]
    Encrypted,
    /// It is of a kind that is not offered.
    #[error("it is no Ed25519 or ECDSA key")]
    Kind,
}

/// The keys by which a server proves that it is the one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeys {
    keys: Vec<PublicKey>,
}

impl HostKeys {
    /// Reads keys as `ssh-ed25519 AAAA..`, with or without a comment.
    ///
    /// # Errors
    /// What is wrong with the first one that is none.
    pub fn parse(texts: &[String]) -> Result<Self, KeyFault> {
        let read = |text: &String| {
            let key = PublicKey::from_openssh(text.trim());
            let key = key.map_err(|_text| KeyFault::Unreadable)?;
            is_offered(&key.algorithm())
                .then_some(key)
                .ok_or(KeyFault::Kind)
        };
        let keys: Result<_, _> = texts.iter().map(read).collect();
        Ok(Self { keys: keys? })
    }

    /// Whether a server with this key is the one.
    pub(crate) fn has(&self, key: &PublicKey) -> bool {
        self.keys.iter().any(|one| one.key_data() == key.key_data())
    }

    /// The kinds of the keys: a server that has several is asked for one of these.
    pub(crate) fn kinds(&self) -> Vec<Algorithm> {
        let mut kinds: Vec<Algorithm> = self.keys.iter().map(PublicKey::algorithm).collect();
        kinds.dedup();
        kinds
    }
}

/// The key by which we prove who we are. It is shown nowhere.
#[derive(Clone)]
pub struct ClientKey(Arc<PrivateKey>);

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey(..)")
    }
}

impl ClientKey {
    /// Reads a private key as OpenSSH or PEM has it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        let key = decode_secret_key(text, None);
        // Other causes may hold parts of the text.
        let key = key.map_err(|error| {
            if matches!(error, Error::KeyIsEncrypted) {
                KeyFault::Encrypted
            } else if matches!(error, Error::UnsupportedKeyType { .. }) {
                KeyFault::Kind
            } else {
                KeyFault::Unreadable
            }
        })?;
        if key.is_encrypted() {
            return Err(KeyFault::Encrypted);
        }
        if !is_offered(&key.algorithm()) {
            return Err(KeyFault::Kind);
        }
        Ok(Self(Arc::new(key)))
    }

    /// The key, for signing.
    pub(crate) fn shared(&self) -> Arc<PrivateKey> {
        Arc::clone(&self.0)
    }
}

/// RSA is left out: what there is in Rust lets its timing be measured (RUSTSEC-2023-0071).
const fn is_offered(kind: &Algorithm) -> bool {
    matches!(kind, Algorithm::Ed25519 | Algorithm::Ecdsa { .. })
}
