//! `SealedDisclosure`, a disclosure as the store and the queue hold it: encrypted, and bound to the
//! rule it was made under; keys come from the key ring.

use bytes::Bytes;

use crate::key_ring::{KeyError, KeyId, SealingKey};
use crate::phi::Phi;
use crate::privacy::disclosure::{Disclosure, Grant};

/// Encrypted bytes that open only with their key and only for their recipient, purpose, policy and
/// consent version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedDisclosure {
    grant: Grant,
    key: KeyId,
    bytes: Vec<u8>,
}

impl SealedDisclosure {
    /// Seals a disclosure.
    pub fn seal(disclosure: &Disclosure, key: &SealingKey) -> Result<Self, KeyError> {
        let grant = disclosure.grant().clone();
        let bytes = key.seal_disclosure(&context(&grant), disclosure.content().reveal())?;
        Ok(Self {
            grant,
            key: key.id(),
            bytes,
        })
    }

    /// Puts together what a store kept. Nothing can be forged so: bytes that the gate did not seal
    /// under this grant do not open.
    pub const fn from_stored(grant: Grant, key: KeyId, bytes: Vec<u8>) -> Self {
        Self { grant, key, bytes }
    }

    /// Opens it for delivery.
    pub fn open(&self, key: &SealingKey) -> Result<Disclosure, KeyError> {
        let content = key.open_disclosure(&context(&self.grant), &self.bytes)?;
        Ok(Disclosure::new(
            self.grant.clone(),
            Phi::new(Bytes::from(content)),
        ))
    }

    /// What is left when the payload was disposed of: which rule it was made under, and nothing to
    /// open.
    pub const fn is_tombstone(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Under which rule it was made.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The key that opens it.
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// Nonce, ciphertext and tag.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The associated data: every part of the grant, each after its length.
fn context(grant: &Grant) -> Vec<u8> {
    let version = grant.flow_version.to_be_bytes();
    let consent = grant.consent_version.unwrap_or(0).to_be_bytes();
    let parts: [&[u8]; 7] = [
        grant.recipient.as_str().as_bytes(),
        grant.flow.as_str().as_bytes(),
        &version,
        grant.record.as_bytes(),
        grant.purpose.as_bytes(),
        &grant.policy_hash,
        &consent,
    ];
    let mut context = b"isthmus disclosure 2".to_vec();
    for part in parts {
        context.extend_from_slice(&(part.len() as u64).to_be_bytes());
        context.extend_from_slice(part);
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{FlowId, RecipientId};

    #[test]
    fn whoever_has_a_key_can_still_not_make_a_disclosure() {
        let grant = Grant {
            recipient: RecipientId::new("r"),
            flow: FlowId::new("f"),
            flow_version: 1,
            record: "person".to_owned(),
            purpose: "TREAT".to_owned(),
            policy_hash: [0; 32],
            consent_version: None,
        };
        let key = SealingKey::new(KeyId(1), &[1; 32]).unwrap();
        let bytes = key.seal(&context(&grant), b"{}").unwrap();
        let forged = SealedDisclosure::from_stored(grant, KeyId(1), bytes);
        assert_eq!(forged.open(&key).unwrap_err(), KeyError::Mismatch);
    }
}
