//! `Entry`, a connection among those that are open, as its own session keeps it: who spoke on it,
//! what came on it, and what its peer acknowledged. Others find it in `open_connections`.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use isthmus_core::id::{MessageId, SenderId};
use isthmus_hl7v2::acknowledgment::Acknowledgment;
use isthmus_hl7v2::message::Message;
use tokio::sync::mpsc::Receiver;

use crate::counters::Counters;
use crate::open_connections::{LateAnswer, Line, OpenConnections};
use crate::peer::Peer;
use crate::raw_header::is_acknowledgement;

/// Messages of one connection of which it is remembered that they came on it; older ones are
/// answered as if it were gone.
const REMEMBERED_MAX: usize = 1_024;

/// A longer acknowledgement is of nothing that is awaited; one has a few hundred bytes.
const ACKNOWLEDGEMENT_BYTES_MAX: usize = 64 << 10;

/// A connection; it is taken off the list when this is dropped.
#[derive(Debug)]
pub(crate) struct Entry<'c> {
    connections: &'c OpenConnections,
    number: u64,
    line: Arc<Line>,
    /// What the list was told of it.
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    senders: BTreeSet<SenderId>,
    messages: VecDeque<MessageId>,
}

impl<'c> Entry<'c> {
    /// Enters a connection; the receiver is for its writer.
    pub(crate) fn new(
        connections: &'c OpenConnections,
        peer: &Peer,
    ) -> (Self, Receiver<LateAnswer>) {
        let (number, line, late) = connections.enter(peer);
        let entry = Self {
            connections,
            number,
            line,
            told: Mutex::default(),
        };
        (entry, late)
    }

    /// A sender was answered on this connection, so that it may be told other things here.
    pub(crate) fn speaks(&self, sender: &SenderId) {
        {
            let mut told = self.told();
            if told.senders.contains(sender) {
                return;
            }
            told.senders.insert(sender.clone());
        }
        self.connections.speaks(self.number, sender);
    }

    /// Remembers a message, if it may be answered here later.
    pub(crate) fn note(&self, later: Option<MessageId>) {
        if let Some(message) = later {
            self.brought(message);
        }
    }

    fn brought(&self, message: MessageId) {
        let forgotten = {
            let mut told = self.told();
            told.messages.push_back(message);
            let is_full = told.messages.len() > REMEMBERED_MAX;
            is_full.then(|| told.messages.pop_front()).flatten()
        };
        self.connections.brought(self.number, message, forgotten);
    }

    /// Takes an acknowledgement of the peer's, which is never answered; gives back what is none.
    pub(crate) fn hear(&self, payload: Vec<u8>, counters: &Counters) -> Option<Vec<u8>> {
        if !is_acknowledgement(&payload) {
            return Some(payload);
        }
        let is_short = payload.len() <= ACKNOWLEDGEMENT_BYTES_MAX;
        let message = is_short.then(|| Message::parse(payload).ok()).flatten();
        let read = message.and_then(|message| Acknowledgment::read(&message).ok());
        if read.is_some_and(|read| self.line.heard(read.code, &read.control_id)) {
            counters.acknowledgements_heard.one();
        } else {
            tracing::warn!("an acknowledgement of nothing that is awaited came");
            counters.acknowledgements_foreign.one();
        }
        None
    }

    /// Nothing that runs under this lock can leave what it guards changed halfway.
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let told = std::mem::take(&mut *self.told());
        let connections = self.connections;
        connections.leave(self.number, &told.senders, &told.messages);
        self.line.end();
    }
}
