//! A key ring for tests: one secret under every number but two. What is sealed with it is no
//! secret, and no store keeps it.

use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::key_ring::{KeyClass, KeyError, KeyId, KeyOwner, KeyRing, SealingKey};

/// The number of a key that was destroyed.
pub const DESTROYED: u64 = 9;
/// The number of a key that cannot be read now.
pub const UNAVAILABLE: u64 = 8;

/// One secret for all keys but those two.
#[derive(Debug)]
pub struct OneKey;

impl KeyRing for OneKey {
    fn sealing_key(
        &self,
        _owner: &KeyOwner,
        _class: KeyClass,
        _at: Timestamp,
    ) -> Result<Arc<SealingKey>, KeyError> {
        self.opening_key(KeyId(1))
    }

    fn opening_key(&self, id: KeyId) -> Result<Arc<SealingKey>, KeyError> {
        match id.0 {
            DESTROYED => Err(KeyError::Destroyed),
            UNAVAILABLE => Err(KeyError::Unavailable("busy".into())),
            _ => SealingKey::new(id, &[1; 32]).map(Arc::new),
        }
    }
}
