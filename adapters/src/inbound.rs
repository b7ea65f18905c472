//! What recipients send to us: the request as it came, what it tells, and why it is not taken.
//! How one recipient signs and writes it is its adapter's business.

use std::fmt;

use bytes::Bytes;
use isthmus_core::clock::Timestamp;
use isthmus_core::phi::Phi;

use crate::standard_webhooks::SignatureFault;

/// A request as it came: signatures are made over bytes, so nothing is parsed yet.
pub struct InboundRequest {
    /// Names in any case, and the values that are text.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Phi<Bytes>,
}

impl InboundRequest {
    /// The value of a header that came exactly once: of two, nobody knows which was meant.
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_named = |(one, _): &&(String, String)| one.eq_ignore_ascii_case(name);
        let mut found = self.headers.iter().filter(is_named);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }
}

impl fmt::Debug for InboundRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundRequest")
            .field("headers", &self.headers.len())
            .field("body", &self.body)
            .finish()
    }
}

/// What became of a person's address at the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalKind {
    /// The person wants no more of it.
    Unsubscribed,
    /// Nothing can be delivered there.
    Bounced,
    /// The person called it spam.
    Complained,
}

/// One thing that a recipient tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// What happened.
    pub kind: SignalKind,
    /// The e-mail address or telephone number, as it was written.
    pub address: Phi<String>,
    /// When it happened; when it was sent, if the recipient does not say.
    pub at: Timestamp,
    /// The sender's id of what was sent, the same when it is sent again.
    pub id: String,
}

/// Why a request is not taken. Tells nothing of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InboundRejection {
    /// The adapter takes nothing in.
    #[error("this recipient sends no signals")]
    NotOffered,
    /// The body is larger than the adapter reads.
    #[error("the body is too large")]
    TooLarge,
    /// It is not proved to be the recipient's.
    #[error("not authentic: {0}")]
    NotAuthentic(#[from] SignatureFault),
    /// It is the recipient's, but it cannot be read; says at which member.
    #[error("the body cannot be read at {0}")]
    Unreadable(&'static str),
}

impl InboundRejection {
    /// The HTTP status that tells it to the sender.
    pub const fn status(self) -> u16 {
        match self {
            Self::NotOffered => 404,
            Self::TooLarge => 413,
            Self::NotAuthentic(_) => 401,
            Self::Unreadable(_) => 400,
        }
    }
}
