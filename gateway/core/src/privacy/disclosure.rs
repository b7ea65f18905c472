//! `Disclosure`, granted elements for one recipient and purpose; only the gate can make one.
//! What is granted is decided by the policy, and sealing is in `sealed_disclosure`.

use bytes::Bytes;

use crate::id::{FlowId, RecipientId};
use crate::phi::Phi;

/// Under which rule a disclosure was made; bound to what is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The recipient.
    pub recipient: RecipientId,
    /// The flow.
    pub flow: FlowId,
    /// The flow's version.
    pub flow_version: u32,
    /// The kind of record that it holds, such as `person`: what the flow's map makes.
    pub record: String,
    /// Purpose of use, a code of HL7 v3 `PurposeOfUse`.
    pub purpose: String,
    /// SHA-256 over the policy as loaded.
    pub policy_hash: [u8; 32],
    /// The version of the consent that allowed it; None when the flow needs none.
    pub consent_version: Option<u64>,
}

/// What one recipient may see of one record: elements that a policy granted, in the shape that the
/// recipient takes, as JSON. Nothing outside `privacy` can make one, by literal or by constructor:
///
/// ```compile_fail,E0451
/// use isthmus_core::{phi::Phi, privacy::disclosure::{Disclosure, Grant}};
/// fn forge(grant: Grant) -> Disclosure {
///     Disclosure { grant, content: Phi::new(bytes::Bytes::from_static(b"{}")) }
/// }
/// ```
///
/// ```compile_fail,E0624
/// use isthmus_core::{phi::Phi, privacy::disclosure::{Disclosure, Grant}};
/// fn forge(grant: Grant) -> Disclosure {
///     Disclosure::new(grant, Phi::new(bytes::Bytes::from_static(b"{}")))
/// }
/// ```
///
/// Nor can one be shown or written out by itself:
///
/// ```compile_fail,E0277
/// fn show(disclosure: &isthmus_core::privacy::disclosure::Disclosure) {
///     println!("{disclosure}");
/// }
/// ```
#[derive(Debug)]
pub struct Disclosure {
    grant: Grant,
    content: Phi<Bytes>,
}

impl Disclosure {
    /// Only for the gate: `content` must be made of granted elements alone.
    pub(in crate::privacy) const fn new(grant: Grant, content: Phi<Bytes>) -> Self {
        Self { grant, content }
    }

    /// Under which rule it was made.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The record as one JSON object.
    pub const fn content(&self) -> &Phi<Bytes> {
        &self.content
    }
}
