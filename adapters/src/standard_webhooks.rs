//! Standard Webhooks 1.0: how a request is signed with shared secrets, and the half that verifies
//! it. Which requests are signed and what they hold is the adapters' business.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use isthmus_core::clock::Timestamp;

/// The header with the id: the same at every attempt.
pub const ID: &str = "webhook-id";
/// The header with the time of the attempt, in seconds since 1970-01-01T00:00:00Z.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE: &str = "webhook-signature";
/// At most this many secrets are in use at once: the newest, and the one that it replaces.
pub const SECRETS_MAX: usize = 2;
/// How far the time of an attempt may lie from now, to either side.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// How a secret's text opens.
const SECRET_PREFIX: &str = "whsec_";
/// How a signature by HMAC-SHA256 opens.
const VERSION: &str = "v1,";
/// At most this many signatures of a request are looked at.
const SIGNATURES_MAX: usize = 8;
/// The longest id that is taken, in bytes.
const ID_LENGTH_MAX: usize = 256;

/// A secret that both sides know.
#[derive(Clone)]
pub struct SigningSecret(hmac::Key);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

/// Why a text is no secret. Does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// It does not open with `whsec_`.
    #[error("it does not begin with whsec_")]
    Prefix,
    /// What follows is no base64 with padding.
    #[error("what follows whsec_ is not base64")]
    Base64,
    /// It is too short to be safe, or longer than the standard allows.
    #[error("it is not of 24 to 64 bytes")]
    Length,
}

impl SigningSecret {
    /// Reads `whsec_` and the base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, SecretFault> {
        let encoded = text.trim().strip_prefix(SECRET_PREFIX);
        let encoded = encoded.ok_or(SecretFault::Prefix)?.as_bytes();
        let bytes = BASE64
            .decode(encoded)
            .map_err(|_invalid| SecretFault::Base64)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretFault::Length);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The tag over `id.timestamp.body`.
    fn tag(&self, id: &str, timestamp: &str, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            context.update(part);
        }
        context.sign()
    }
}

/// The value of the header [`SIGNATURE`]: one signature for each secret, in their order, the
/// newest first. `at` is in whole seconds since 1970.
pub fn sign(secrets: &[SigningSecret], id: &str, at: i64, body: &[u8]) -> String {
    let at = at.to_string();
    let mut signatures = String::new();
    for secret in secrets {
        if !signatures.is_empty() {
            signatures.push(' ');
        }
        signatures.push_str(VERSION);
        BASE64.encode_append(secret.tag(id, &at, body).as_ref(), &mut signatures);
    }
    signatures
}

/// The three headers of a request.
#[derive(Clone, Copy)]
pub struct SignedHeaders<'r> {
    /// The value of [`ID`].
    pub id: &'r str,
    /// The value of [`TIMESTAMP`].
    pub timestamp: &'r str,
    /// The value of [`SIGNATURE`].
    pub signature: &'r str,
}

impl fmt::Debug for SignedHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedHeaders({}, {})", self.id, self.timestamp)
    }
}

/// Why a request is not proved to be from whoever shares a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// A header is missing, repeated, or not of its form.
    #[error("it is not signed")]
    Unsigned,
    /// No signature is one of a secret that is in use.
    #[error("no signature fits")]
    Wrong,
    /// It was sent more than [`TOLERANCE`] ago, or is dated as far ahead.
    #[error("its time is too far from now")]
    Untimely,
}

/// Proves that a request was signed with one of the secrets near `now`, and tells when. Takes the
/// same time whichever byte of a signature is wrong.
///
/// # Errors
/// Why it is not proved.
pub fn verify(
    secrets: &[SigningSecret],
    headers: &SignedHeaders<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Timestamp, SignatureFault> {
    let SignedHeaders {
        id,
        timestamp,
        signature,
    } = *headers;
    // A full stop in the id would let its end be read as the time.
    let is_id_byte = |byte: u8| byte.is_ascii_graphic() && byte != b'.';
    let is_id = !id.is_empty() && id.len() <= ID_LENGTH_MAX && id.bytes().all(is_id_byte);
    let is_time = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 = timestamp
        .parse()
        .map_err(|_invalid| SignatureFault::Unsigned)?;
    if !is_id || !is_time {
        return Err(SignatureFault::Unsigned);
    }
    let mut fits = false;
    for secret in secrets {
        let tag = secret.tag(id, timestamp, body);
        for signature in signature.split(' ').take(SIGNATURES_MAX) {
            let encoded = signature.strip_prefix(VERSION).unwrap_or("");
            let given = BASE64.decode(encoded.as_bytes()).unwrap_or_default();
            fits |= verify_slices_are_equal(tag.as_ref(), &given).is_ok();
        }
    }
    if !fits {
        return Err(SignatureFault::Wrong);
    }
    let at = Timestamp::from_unix_millis(seconds.saturating_mul(1000));
    let distance = at.unix_millis().abs_diff(now.unix_millis());
    if Duration::from_millis(distance) > TOLERANCE {
        return Err(SignatureFault::Untimely);
    }
    Ok(at)
}
