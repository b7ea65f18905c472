//! `MasterKey`, the key that wraps all others; where it comes from, the configuration says.

use std::fmt;

use isthmus_core::key_ring::{KeyError, KeyId, SealingKey};
use zeroize::Zeroizing;

/// The gateway's own key: 32 random bytes from a file, the environment or a command. It wraps the
/// keys of the key file with AES-256-GCM and seals nothing else. Overwritten when dropped.
///
/// One master key wraps at most 2^32 keys with random nonces (NIST SP 800-38D, section 8.3).
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// The master key with these bytes.
    pub const fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        Self(secret)
    }

    /// The wrapping key; its number stands for itself.
    pub(crate) fn wrapping(&self) -> Result<SealingKey, KeyError> {
        SealingKey::new(KeyId(0), &self.0)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}
