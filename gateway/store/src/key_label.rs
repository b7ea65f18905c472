//! `KeyLabel`, what a key is for: whose, which class, which period; its bytes are in `key_file`.

use isthmus_core::clock::Timestamp;
use isthmus_core::key_ring::{KeyClass, KeyId, KeyOwner};

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct KeyLabel {
    /// The owner: `p` and the sixteen bytes of a patient's key, or `s` and the sender's name.
    pub(crate) owner: Vec<u8>,
    /// The class.
    pub(crate) class: &'static str,
    /// `YYYY-MM` for a patient, `YYYY-MM-DD` for a sender.
    pub(crate) period: String,
}

impl KeyLabel {
    /// The label of the key that an owner uses at a time.
    pub(crate) fn at(owner: &KeyOwner, class: KeyClass, at: Timestamp) -> Self {
        let period = match owner {
            KeyOwner::Subject(_) => at.month(),
            KeyOwner::Sender(_) => at.day(),
        };
        Self::of(owner, class, period)
    }

    /// The label of the key of a period.
    pub(crate) fn of(owner: &KeyOwner, class: KeyClass, period: String) -> Self {
        Self {
            owner: owner_bytes(owner),
            class: class.code(),
            period,
        }
    }

    /// What is bound to the wrapped key, so that it cannot be passed off as another's: every part
    /// after its length.
    pub(crate) fn context(&self, id: KeyId) -> Vec<u8> {
        let id = id.0.to_be_bytes();
        let parts: [&[u8]; 4] = [
            &id,
            &self.owner,
            self.class.as_bytes(),
            self.period.as_bytes(),
        ];
        context(b"isthmus wrapped key 1", &parts)
    }
}

/// How an owner stands in the key file.
pub(crate) fn owner_bytes(owner: &KeyOwner) -> Vec<u8> {
    match owner {
        KeyOwner::Subject(subject) => [b"p".as_slice(), subject.as_bytes()].concat(),
        KeyOwner::Sender(sender) => [b"s", sender.as_str().as_bytes()].concat(),
    }
}

/// Associated data: a name, then every part after its length.
pub(crate) fn context(name: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut context = name.to_vec();
    for part in parts {
        context.extend_from_slice(&(part.len() as u64).to_be_bytes());
        context.extend_from_slice(part);
    }
    context
}
