//! `Terms`, by which messages are let in: who may send what, and which messages a map carries. A
//! reload replaces them whole; who a peer is under them is found in `standing`.

use std::fmt;
use std::sync::Arc;

use isthmus_core::id::SenderId;

use crate::sender_binding::SenderTable;

/// Whether a map is there for a sender's message type and trigger event (`ADT`, `A01`).
pub type Mapped = dyn Fn(&SenderId, &str, &str) -> bool + Send + Sync;

/// What messages are let in by; one version for a message.
pub struct Terms {
    /// Who may send what.
    pub senders: SenderTable,
    /// Which messages a map carries; asked for senders that want unmapped ones refused.
    pub mapped: Arc<Mapped>,
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("senders", &self.senders)
            .finish_non_exhaustive()
    }
}
