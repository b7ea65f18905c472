//! `OpenConnections`, the MLLP connections that are open, by the senders that speak on them and the
//! messages that came on them, so that an application acknowledgement goes back where its message
//! came from. What is said on one is in `mllp_session`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use isthmus_core::id::{MessageId, SenderId};
use isthmus_core::phi::Phi;
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::answer_ways::Told;
use crate::peer::Peer;
use crate::terms::Terms;

/// Answers that wait for one connection's writer; whoever has more waits.
const LATE_MAX: usize = 16;

/// An answer for the writer of a connection.
#[derive(Debug)]
pub(crate) struct LateAnswer {
    /// The answer, without a frame.
    pub(crate) bytes: Phi<Vec<u8>>,
    /// Told when it is written and flushed; dropped when it cannot be.
    pub(crate) written: oneshot::Sender<()>,
}

/// Everything that is open.
#[derive(Debug, Default)]
pub struct OpenConnections {
    state: Mutex<State>,
    opened: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    lines: BTreeMap<u64, Arc<Line>>,
    by_sender: BTreeMap<SenderId, BTreeSet<u64>>,
    by_message: HashMap<MessageId, u64>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({} lines)", self.lines.len())
    }
}

/// One connection, for whoever has something to say on it.
#[derive(Debug)]
pub(crate) struct Line {
    peer: Peer,
    late: mpsc::Sender<LateAnswer>,
    /// Whom to tell of the peer's acknowledgement, by the control id of the answer.
    awaited: Mutex<BTreeMap<String, oneshot::Sender<Told>>>,
}

impl Line {
    /// Hands an answer to the writer; gives what tells that it is written. None when the
    /// connection ended.
    pub(crate) async fn say(&self, bytes: Phi<Vec<u8>>) -> Option<oneshot::Receiver<()>> {
        let (written, told) = oneshot::channel();
        let late = LateAnswer { bytes, written };
        self.late.send(late).await.ok().map(|()| told)
    }

    /// What tells how the peer acknowledged the answer with this control id.
    pub(crate) fn expect(&self, control_id: &str) -> oneshot::Receiver<Told> {
        let (heard, told) = oneshot::channel();
        lock(&self.awaited).insert(control_id.to_owned(), heard);
        told
    }

    /// The peer acknowledged the answer with this control id; false when none with it waits here,
    /// because it came too late, twice, or for something that we never sent.
    pub(crate) fn heard(&self, code: AcknowledgmentCode, control_id: &str) -> bool {
        let awaited = lock(&self.awaited).remove(control_id);
        // Whoever waited may have given up just now.
        awaited.is_some_and(|awaited| awaited.send(meaning(code)).is_ok())
    }

    /// The connection ended: whoever waits for this peer need not wait any longer.
    pub(crate) fn end(&self) {
        lock(&self.awaited).clear();
    }

    /// Nobody waits for it any more.
    pub(crate) fn forget(&self, control_id: &str) {
        lock(&self.awaited).remove(control_id);
    }
}

impl OpenConnections {
    /// Enters a connection under a number; the receiver is for its writer.
    pub(crate) fn enter(&self, peer: &Peer) -> (u64, Arc<Line>, mpsc::Receiver<LateAnswer>) {
        let (late, receiver) = mpsc::channel(LATE_MAX);
        let line = Arc::new(Line {
            peer: peer.clone(),
            late,
            awaited: Mutex::default(),
        });
        let mut state = lock(&self.state);
        let number = state.next;
        state.next = state.next.wrapping_add(1);
        state.lines.insert(number, Arc::clone(&line));
        (number, line, receiver)
    }

    /// Takes a connection off the list, with the senders that spoke and the messages that came on
    /// it.
    pub(crate) fn leave(
        &self,
        number: u64,
        senders: &BTreeSet<SenderId>,
        messages: &VecDeque<MessageId>,
    ) {
        let mut state = lock(&self.state);
        state.lines.remove(&number);
        for sender in senders {
            if let Some(numbers) = state.by_sender.get_mut(sender) {
                numbers.remove(&number);
                if numbers.is_empty() {
                    state.by_sender.remove(sender);
                }
            }
        }
        for message in messages {
            state.forget(message, number);
        }
    }

    /// A sender speaks on a connection, and was answered.
    pub(crate) fn speaks(&self, number: u64, sender: &SenderId) {
        let mut state = lock(&self.state);
        let numbers = state.by_sender.entry(sender.clone()).or_default();
        numbers.insert(number);
        drop(state);
        self.opened.notify_waiters();
    }

    /// A message came on a connection; an older one of it is forgotten.
    pub(crate) fn brought(&self, number: u64, message: MessageId, forgotten: Option<MessageId>) {
        let mut state = lock(&self.state);
        state.by_message.insert(message, number);
        if let Some(forgotten) = forgotten {
            state.forget(&forgotten, number);
        }
    }

    /// The connection that a message came on, as long as its peer may still be the sender.
    pub(crate) fn of_message(
        &self,
        message: &MessageId,
        sender: &SenderId,
        terms: &Terms,
    ) -> Option<Arc<Line>> {
        let state = lock(&self.state);
        let line = state.lines.get(state.by_message.get(message)?)?;
        is_of(line, sender, terms).then(|| Arc::clone(line))
    }

    /// The connection that a sender opened last, of those that are open.
    pub(crate) fn newest(&self, sender: &SenderId, terms: &Terms) -> Option<Arc<Line>> {
        let state = lock(&self.state);
        let mut numbers = state.by_sender.get(sender)?.iter().rev();
        numbers.find_map(|number| {
            let line = state.lines.get(number)?;
            is_of(line, sender, terms).then(|| Arc::clone(line))
        })
    }

    /// Completes when a sender spoke on a new connection after this was called.
    pub(crate) fn opened<'a>(
        &'a self,
        sender: &'a SenderId,
    ) -> impl Future<Output = ()> + Send + use<'a> {
        let before = self.last_of(sender);
        async move {
            loop {
                let opened = self.opened.notified();
                if self.last_of(sender) > before {
                    return;
                }
                opened.await;
            }
        }
    }

    fn last_of(&self, sender: &SenderId) -> Option<u64> {
        let state = lock(&self.state);
        state.by_sender.get(sender)?.last().copied()
    }
}

/// Whether the peer may be the sender under the terms in force: a reload may have changed that.
fn is_of(line: &Line, sender: &SenderId, terms: &Terms) -> bool {
    let candidates = terms.senders.candidates(&line.peer);
    candidates.iter().any(|candidate| candidate.id == *sender)
}

/// What an acknowledgement of one of our answers means. A peer in the original mode says `AA` for
/// `CA`.
pub(crate) const fn meaning(code: AcknowledgmentCode) -> Told {
    match code {
        AcknowledgmentCode::CommitAccept | AcknowledgmentCode::ApplicationAccept => Told::Heard,
        AcknowledgmentCode::CommitReject | AcknowledgmentCode::ApplicationReject => Told::Refused,
        AcknowledgmentCode::CommitError | AcknowledgmentCode::ApplicationError => Told::NotNow,
    }
}

impl State {
    /// A message that came again on another connection is that one's.
    fn forget(&mut self, message: &MessageId, number: u64) {
        if self.by_message.get(message) == Some(&number) {
            self.by_message.remove(message);
        }
    }
}

/// No code runs under these locks that could leave what they guard changed halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
