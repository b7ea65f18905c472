//! `Envelope`, what a message travels in, and the raw message it holds first; the later bodies are
//! `record::Record` and `privacy::disclosure`.

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::id::{MessageId, SenderId, SubjectKey};
use crate::phi::Phi;

/// A message on its way. The body's type names the stage: `RawMessage`, then `Record`, then
/// `Disclosure`, then `SealedDisclosure`.
#[derive(Debug, Clone)]
pub struct Envelope<B> {
    /// Which message this is.
    pub id: MessageId,
    /// Which sending system it came from, as proved by its certificate or network.
    pub sender: SenderId,
    /// When the last byte of it arrived.
    pub received_at: Timestamp,
    /// The patient it is about; None when it is about nobody, or about several.
    pub subject: Option<SubjectKey>,
    /// What it holds at this stage.
    pub body: B,
}

/// A message as it came from the wire: HL7 v2 (ER7), terminators and charset untouched.
#[derive(Debug, Clone)]
pub struct RawMessage {
    /// The bytes between the frame's start and end blocks.
    pub bytes: Phi<Bytes>,
    /// A digest of sender and control id, see [`crate::subject::Digester::control_id`].
    pub control_id: [u8; 16],
}
