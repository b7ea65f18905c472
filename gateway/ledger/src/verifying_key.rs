//! `VerifyingKey`, the public half of the key of a ledger, and its text, which an auditor keeps
//! apart from the ledger (C2SP signed-note). Signing is in `signing_key`.

use std::fmt;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::BASE64;
use isthmus_core::ledger::sha256;

/// The signature type of Ed25519 in a note.
const TYPE_ED25519: u8 = 1;

/// The key that checks what a ledger signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    public: [u8; 32],
}

/// Why a text is no key of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// Empty, or with a space, a plus or a control character.
    #[error("the name of a key is not empty and has no space, plus or control character")]
    Name,
    /// Not `NAME+HASH+KEY`.
    #[error("a key is written NAME+HASH+KEY, HASH being 8 hexadecimal digits and KEY base64")]
    Form,
    /// Another signature type, or another number of bytes.
    #[error("it is not an Ed25519 key")]
    NotEd25519,
    /// The hash does not belong to name and key: one of them was mistyped.
    #[error("the key's hash does not belong to its name and bytes")]
    Hash,
}

impl VerifyingKey {
    /// The key with these bytes, under a name: the origin of the ledger.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, KeyTextError> {
        let barred = |character: char| {
            character.is_whitespace() || character.is_control() || character == '+'
        };
        if name.is_empty() || name.contains(barred) {
            return Err(KeyTextError::Name);
        }
        let name = name.to_owned();
        Ok(Self { name, public })
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        let mut parts = text.splitn(3, '+');
        let mut part = || parts.next().ok_or(KeyTextError::Form);
        let (name, hash, key) = (part()?, part()?, part()?);
        let bytes = BASE64
            .decode(key.as_bytes())
            .map_err(|_text| KeyTextError::Form)?;
        let public = match bytes.split_first() {
            Some((&TYPE_ED25519, public)) => public.try_into(),
            _ => return Err(KeyTextError::NotEd25519),
        };
        let key = Self::new(name, public.map_err(|_length| KeyTextError::NotEd25519)?)?;
        let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if hash.len() != 8 || !hash.bytes().all(is_digit) {
            return Err(KeyTextError::Form);
        }
        let agrees = hash == format!("{:08x}", key.id());
        agrees.then_some(key).ok_or(KeyTextError::Hash)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number in a signature line: the first four bytes of the SHA-256 of name, line feed,
    /// type and key.
    pub fn id(&self) -> u32 {
        let mut input = self.name.as_bytes().to_vec();
        input.extend([b'\n', TYPE_ED25519]);
        input.extend(self.public);
        let [a, b, c, d, ..] = sha256(&input);
        u32::from_be_bytes([a, b, c, d])
    }

    /// Whether the key signed this text so.
    pub fn signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        key.verify(text, signature).is_ok()
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![TYPE_ED25519];
        bytes.extend(self.public);
        let key = BASE64.encode(&bytes);
        write!(f, "{}+{:08x}+{key}", self.name, self.id())
    }
}
