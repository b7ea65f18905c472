//! `AnswerWriter`, the writing half of a connection: acknowledgements in the order of the messages,
//! several in one write when several are due. What they say is decided in `acknowledgement`.

use std::future::poll_fn;

use isthmus_hl7v2::framing::encode;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::Receiver;

use crate::acknowledgement::acknowledge;
use crate::answer_window::{AnswerWindow, Decided, Unanswered};
use crate::budget::Share;
use crate::listener_config::Bounds;
use crate::outcome_note::note;
use crate::seams::{Seams, within};

/// The writing half.
#[derive(Debug)]
pub(crate) struct AnswerWriter<'s, W> {
    /// Where acknowledgements go.
    pub(crate) stream: W,
    /// The gateway.
    pub(crate) seams: &'s Seams,
    /// The bounds of the connection.
    pub(crate) bounds: Bounds,
    /// What is on its way.
    pub(crate) window: AnswerWindow<'s>,
}

impl<'s, W: AsyncWrite + Unpin> AnswerWriter<'s, W> {
    /// Answers until the reading half has ended and all is answered, or the peer takes no more.
    /// Messages that are on their way then stay with the store, unanswered.
    pub(crate) async fn run(mut self, mut reader: Receiver<Unanswered<'s>>) {
        let mut frames = Vec::new();
        loop {
            if self.window.is_empty() {
                match reader.recv().await {
                    Some(message) => self.window.push(message),
                    None => break,
                }
            }
            frames.clear();
            let mut held = Vec::new();
            for decided in self.decided(&mut reader).await {
                held.extend(self.answer(decided, &mut frames));
            }
            if self.write(&frames).await.is_none() {
                return;
            }
        }
        let executor = self.seams.executor.as_ref();
        // A peer that is gone cannot be told that this is the end.
        let _told = within(executor, self.bounds.write(), self.stream.shutdown()).await;
    }

    /// Appends the answer to a message or batch; gives what is held until it is written.
    fn answer(&self, decided: Decided, frames: &mut Vec<u8>) -> Option<Share> {
        match decided {
            Decided::Message { origin, outcome } => {
                note(&origin, &outcome, &self.seams.counters);
                let now = self.seams.clock.now();
                let own_ids = &self.seams.control_ids;
                if let Some(answer) = acknowledge(&outcome, &origin, own_ids, now) {
                    encode(&answer, frames);
                }
                None
            }
            Decided::Batch { answer, reading } => {
                encode(&answer, frames);
                reading
            }
        }
    }

    /// The next messages that can be answered; none when only some of a batch are decided.
    async fn decided(&mut self, reader: &mut Receiver<Unanswered<'s>>) -> Vec<Decided> {
        let executor = self.seams.executor.as_ref();
        let window = &mut self.window;
        let decided = poll_fn(|context| window.poll_decided(context, reader));
        if let Some(decided) = within(executor, self.bounds.store(), decided).await {
            if decided.is_empty() {
                // A store that answers at once shall not keep others waiting.
                tokio::task::yield_now().await;
            }
            return decided;
        }
        tracing::error!("the store is silent; senders are told that it is unavailable");
        self.window.give_up()
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
