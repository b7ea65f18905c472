//! `AnswerWriter`, the writing half of a connection: acknowledgements in the order of the messages,
//! several in one write when several are due. What they say is decided in `acknowledgement`.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;

use isthmus_core::id::SenderId;
use isthmus_hl7v2::framing::encode;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::Receiver;

use crate::acknowledgement::acknowledge;
use crate::answer_window::{AnswerWindow, Decided, Unanswered};
use crate::budget::Share;
use crate::connection_entry::Entry;
use crate::listener_config::Bounds;
use crate::open_connections::LateAnswer;
use crate::outcome_note::note;
use crate::seams::{Seams, within};

/// Late answers that are written together.
const LATE_TOGETHER: usize = 16;

/// What is written next.
enum Due {
    /// The acknowledgements of these messages.
    Decided(Vec<Decided>),
    /// An answer to the content of an earlier one.
    Late(LateAnswer),
}

/// What goes with answers that are being written.
#[derive(Default)]
struct Answered {
    /// Whose messages they are to.
    senders: BTreeSet<SenderId>,
    /// What is held until they are written.
    held: Vec<Share>,
}

/// The writing half.
#[derive(Debug)]
pub(crate) struct AnswerWriter<'s, W> {
    /// Where acknowledgements go.
    pub(crate) stream: W,
    /// The gateway.
    pub(crate) seams: &'s Seams,
    /// The connection among those that are open.
    pub(crate) entry: &'s Entry<'s>,
    /// The bounds of the connection.
    pub(crate) bounds: Bounds,
    /// What is on its way.
    pub(crate) window: AnswerWindow<'s>,
}

impl<'s, W: AsyncWrite + Unpin> AnswerWriter<'s, W> {
    /// Answers until the reading half has ended and all is answered, or the peer takes no more.
    /// Messages that are on their way then stay with the store, unanswered.
    ///
    /// Late answers go behind the acknowledgements that are due: the one of a message is decided
    /// before anything is known of its content, so it goes before what tells of that.
    pub(crate) async fn run(
        mut self,
        mut reader: Receiver<Unanswered<'s>>,
        mut late: Receiver<LateAnswer>,
    ) {
        let mut frames = Vec::new();
        loop {
            let due = if self.window.is_empty() {
                let next = tokio::select! {
                    biased;
                    message = reader.recv() => message.map(Ok),
                    Some(answer) = late.recv() => Some(Err(answer)),
                };
                match next {
                    None => break,
                    Some(Ok(message)) => {
                        self.window.push(message);
                        continue;
                    }
                    Some(Err(answer)) => Due::Late(answer),
                }
            } else {
                self.due(&mut reader, &mut late).await
            };
            frames.clear();
            let mut told = Vec::new();
            let mut done = Answered::default();
            match due {
                Due::Decided(decided) => done = self.answer(decided, &mut frames),
                Due::Late(first) => {
                    let more = std::iter::from_fn(|| late.try_recv().ok());
                    for answer in std::iter::once(first).chain(more).take(LATE_TOGETHER) {
                        encode(answer.bytes.reveal(), &mut frames);
                        told.push(answer.written);
                    }
                }
            }
            if self.write(&frames).await.is_none() {
                return;
            }
            // What a sender waits for came first; now it may hear of what came before.
            for sender in &done.senders {
                self.entry.speaks(sender);
            }
            for written in told {
                // Whoever waited may have given up.
                let _gone = written.send(());
            }
        }
        let executor = self.seams.executor.as_ref();
        // A peer that is gone cannot be told that this is the end.
        let _told = within(executor, self.bounds.write(), self.stream.shutdown()).await;
    }

    /// Appends the answers to messages and batches.
    fn answer(&self, decided: Vec<Decided>, frames: &mut Vec<u8>) -> Answered {
        let mut done = Answered::default();
        for one in decided {
            match one {
                Decided::Message { origin, outcome } => {
                    note(&origin, &outcome, &self.seams.counters);
                    let now = self.seams.clock.now();
                    let own_ids = &self.seams.control_ids;
                    if let Some(answer) = acknowledge(&outcome, &origin, own_ids, now) {
                        encode(&answer, frames);
                    }
                    // Who is refused may not be who they say they are.
                    if outcome.is_ok() {
                        done.senders.extend(origin.sender);
                    }
                }
                Decided::Batch {
                    answer,
                    senders,
                    reading,
                } => {
                    encode(&answer, frames);
                    done.senders.extend(senders);
                    done.held.extend(reading);
                }
            }
        }
        done
    }

    /// The next messages that can be answered, none when only some of a batch are decided; else a
    /// late answer.
    async fn due(
        &mut self,
        reader: &mut Receiver<Unanswered<'s>>,
        late: &mut Receiver<LateAnswer>,
    ) -> Due {
        let executor = self.seams.executor.as_ref();
        let window = &mut self.window;
        let due = poll_fn(|context| {
            if let Poll::Ready(decided) = window.poll_decided(context, reader) {
                return Poll::Ready(Due::Decided(decided));
            }
            // Some messages of a batch may be concluded before it is answered.
            if window.holds_batch() {
                return Poll::Pending;
            }
            match late.poll_recv(context) {
                Poll::Ready(Some(answer)) => Poll::Ready(Due::Late(answer)),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        });
        if let Some(due) = within(executor, self.bounds.store(), due).await {
            if matches!(&due, Due::Decided(decided) if decided.is_empty()) {
                // A store that answers at once shall not keep others waiting.
                tokio::task::yield_now().await;
            }
            return due;
        }
        tracing::error!("the store is silent; senders are told that it is unavailable");
        Due::Decided(self.window.give_up())
    }

    async fn write(&mut self, frames: &[u8]) -> Option<()> {
        if frames.is_empty() {
            return Some(());
        }
        let executor = self.seams.executor.as_ref();
        let stream = &mut self.stream;
        let written = async {
            stream.write_all(frames).await?;
            stream.flush().await
        };
        within(executor, self.bounds.write(), written).await?.ok()
    }
}
