//! `Standing`, which senders a peer may be under the terms in force; which of them a message is
//! from is found in `recognition`.

use std::sync::Arc;

use isthmus_core::current::Current;

use crate::peer::Peer;
use crate::sender::Sender;
use crate::terms::Terms;

/// Terms, and the senders that a peer may be under them.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) terms: Arc<Terms>,
    pub(crate) candidates: Vec<Arc<Sender>>,
}

impl Standing {
    /// Of this peer, now.
    pub(crate) fn of(peer: &Peer, terms: &Current<Terms>) -> Self {
        let terms = terms.get();
        let candidates = terms.senders.candidates(peer);
        Self { terms, candidates }
    }

    /// Of whoever may put files into this folder, now.
    pub(crate) fn in_folder(name: &str, terms: &Current<Terms>) -> Self {
        let terms = terms.get();
        let candidates = terms.senders.in_folder(name);
        Self { terms, candidates }
    }

    /// Found anew when a reload has replaced the terms: a connection that goes on is held to the
    /// new ones from its next message on.
    pub(crate) fn renew(&mut self, peer: &Peer, terms: &Current<Terms>) {
        if !Arc::ptr_eq(&self.terms, &terms.get()) {
            *self = Self::of(peer, terms);
        }
    }

    /// Whether the peer is bound to no sender.
    pub(crate) fn is_unbound(&self) -> bool {
        self.candidates.is_empty()
    }
}
