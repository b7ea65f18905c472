//! Random bytes for keys and identities; nonces are drawn where they are used.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use isthmus_core::key_ring::KeyError;

/// Fills `bytes` from the system's random source.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), KeyError> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_unspecified| KeyError::Unavailable("no random bytes".to_owned()))
}
