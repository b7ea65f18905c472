//! JSON Web Encryption in its compact form (RFC 7516): a body sealed under a key that gateway and
//! recipient share (`dir`, `A256GCM`), so that nobody between them reads or forges it; pure. What
//! is sealed is the adapters' business.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

use crate::json_text::quoted;

/// The media type of what is sealed so (RFC 7515 section 9.2.1).
pub const MEDIA_TYPE: &str = "application/jose";
/// The longest name of a key.
pub const KEY_ID_LENGTH_MAX: usize = 64;

/// What the second key, by which nonces are drawn, is derived from.
const NONCE_LABEL: &[u8] = b"isthmus jwe nonce 1";

/// A key that both sides know, and its name.
pub struct MessageKey {
    id: String,
    cipher: LessSafeKey,
    nonces: hmac::Key,
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageKey({})", self.id)
    }
}

/// Keys are told apart by their names.
impl PartialEq for MessageKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for MessageKey {}

/// Why a text is no key. Does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It is not 32 bytes in hexadecimal.
    #[error("it is not 32 bytes in hexadecimal (64 digits)")]
    Form,
}

/// A body was too large to be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body cannot be sealed")]
pub struct SealFault;

impl MessageKey {
    /// Reads 64 hexadecimal digits; `id` is the name that tells the recipient which key it is.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(id: &str, text: &str) -> Result<Self, KeyFault> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes());
        let bytes = bytes.map_err(|_invalid| KeyFault::Form)?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_length| KeyFault::Form)?;
        let root = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let nonces = hmac::sign(&root, NONCE_LABEL);
        Ok(Self {
            id: id.to_owned(),
            cipher: LessSafeKey::new(key),
            nonces: hmac::Key::new(hmac::HMAC_SHA256, nonces.as_ref()),
        })
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Seals a body of this type, whose name is without `application/`. The same body gives the
    /// same bytes: its nonce is a keyed digest of it, so that a repeat tells nothing new and two
    /// bodies have two nonces, as surely as random ones would differ.
    ///
    /// # Errors
    /// A body beyond what the cipher takes, 64 GiB.
    pub fn seal(&self, content_type: &str, body: &[u8]) -> Result<Vec<u8>, SealFault> {
        let header = format!(
            "{{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":{},\"cty\":{}}}",
            quoted(&self.id),
            quoted(content_type)
        );
        let header = BASE64URL_NOPAD.encode(header.as_bytes());
        let nonce = self.nonce(&header, body);
        let mut sealed = body.to_vec();
        let tag = self
            .cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(header.as_bytes()),
                &mut sealed,
            )
            .map_err(|_unspecified| SealFault)?;
        // The encrypted key between the first two points is empty: the shared one is used.
        let mut text = header;
        text.reserve(sealed.len() / 3 * 4 + 64);
        text.push('.');
        for part in [nonce.as_slice(), &sealed, tag.as_ref()] {
            text.push('.');
            BASE64URL_NOPAD.encode_append(part, &mut text);
        }
        Ok(text.into_bytes())
    }

    fn nonce(&self, header: &str, body: &[u8]) -> [u8; NONCE_LEN] {
        let mut context = hmac::Context::with_key(&self.nonces);
        for part in [header.as_bytes(), b".", body] {
            context.update(part);
        }
        let mut nonce = [0; NONCE_LEN];
        for (to, from) in nonce.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        nonce
    }
}
