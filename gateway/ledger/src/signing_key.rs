//! `SigningKey`, the Ed25519 key that signs the checkpoints of a ledger. Where its seed is kept is
//! the store's business; the public half is in `verifying_key`.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use crate::verifying_key::{KeyTextError, VerifyingKey};

/// A key that signs. Its `Debug` shows the public half alone.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifying: VerifyingKey,
}

/// Why there is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// The origin cannot name a key.
    #[error(transparent)]
    Origin(#[from] KeyTextError),
    /// The provider refuses the seed.
    #[error("the seed gives no Ed25519 key")]
    Seed,
}

impl SigningKey {
    /// The key of a seed (RFC 8032, section 5.1.5), named by the origin of the ledger, such as
    /// `isthmus/ledger/5f0c...`.
    pub fn from_seed(origin: &str, seed: &[u8; 32]) -> Result<Self, SigningKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        let pair = pair.map_err(|_rejected| SigningKeyError::Seed)?;
        let public = pair.public_key().as_ref().try_into();
        let public = public.map_err(|_length| SigningKeyError::Seed)?;
        let verifying = VerifyingKey::new(origin, public)?;
        Ok(Self { pair, verifying })
    }

    /// The public half.
    pub const fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The 64 bytes of the signature of a text; the same text gives the same ones.
    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.pair.sign(text).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying)
    }
}
