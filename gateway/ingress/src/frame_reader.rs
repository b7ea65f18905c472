//! `FrameReader`, the reading half of a connection: frames in order, each looked at and handed to
//! the store; within the byte budget, and never longer silent in a frame than its bound.

use std::time::Duration;

use bytes::Bytes;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::framing::FrameError;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::AcquireError;
use tokio::sync::mpsc::Sender as Answers;
use tokio::sync::watch;

use crate::answer_window::Unanswered;
use crate::batch_room::beside;
use crate::budget::{Budget, Share};
use crate::connection_entry::Entry;
use crate::frame_stream::{Arrival, FrameStream};
use crate::listener_config::{Bounds, SMALL_FRAME_BYTES};
use crate::peer::Peer;
use crate::question::Question;
use crate::seams::{Seams, within};
use crate::standing::Standing;

/// Bytes read at a time; what a connection may hold of a frame without a share of the budget.
const CHUNK_BYTES: usize = 16 << 10;

/// After a stop, bytes that are on their way already are read until there are none for so long.
const LAST_BYTES_WAIT: Duration = Duration::from_millis(50);

/// How long a peer that sends without a pause is read after a stop.
const LAST_BYTES_MAX: Duration = Duration::from_secs(1);

/// The reading half.
#[derive(Debug)]
pub(crate) struct FrameReader<'s, R> {
    /// Where bytes come from.
    pub(crate) stream: R,
    /// The peer.
    pub(crate) peer: &'s Peer,
    /// The senders that the peer may be.
    pub(crate) standing: Standing,
    /// The gateway.
    pub(crate) seams: &'s Seams,
    /// The connection among those that are open.
    pub(crate) entry: &'s Entry<'s>,
    /// The bounds of the connection.
    pub(crate) bounds: Bounds,
    /// To the writing half.
    pub(crate) answers: Answers<Unanswered<'s>>,
}

/// Why reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The peer closed.
    Closed,
    /// The peer may still be sending.
    Early,
}

/// What is held between two chunks.
struct Progress {
    frames: FrameStream,
    /// What is held of the shared budget for the frame that has begun.
    share: Option<Share>,
    /// What is held for it of that part of the budget which large ones may take.
    large: Option<Share>,
    /// Bytes of this connection on their way to the store.
    in_flight: Budget,
    /// When the gateway began to stop, by the executor's clock.
    stopping: Option<Duration>,
}

impl<'s, R: AsyncRead + Unpin> FrameReader<'s, R> {
    /// Reads until the peer closes, a bound is reached or the gateway stops. Gives the stream back
    /// and lets go of the writing half, which then ends when all is answered.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) -> (R, End) {
        let limit = self.bounds.frame_bytes_max;
        let mut progress = Progress {
            frames: FrameStream::new(limit),
            share: None,
            large: None,
            in_flight: Budget::new(limit.next_multiple_of(1024)),
            stopping: None,
        };
        let mut chunk = vec![0; CHUNK_BYTES];
        let end = loop {
            let count = match self.read(&mut chunk, &mut progress, &mut stop).await {
                Ok(count) => count,
                Err(end) => break end,
            };
            let arrivals = progress.frames.push(chunk.get(..count).unwrap_or_default());
            if self.take(arrivals, &mut progress).await.is_err() {
                break End::Early;
            }
            if self.cover(&mut progress).await.is_none() {
                let start = progress.frames.into_start();
                // The writing half may be gone; then nobody is to be told.
                let _told = self.refuse(&start, unavailable()).await;
                break End::Early;
            }
        };
        (self.stream, end)
    }

    /// The next bytes, at least one.
    async fn read(
        &mut self,
        chunk: &mut [u8],
        progress: &mut Progress,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<usize, End> {
        let inside = progress.frames.is_inside_frame();
        if progress.stopping.is_some() {
            return self.read_last(chunk, progress).await;
        }
        let time = if inside {
            Some(self.bounds.chunk())
        } else {
            self.bounds.idle()
        };
        let executor = &self.seams.executor;
        let silence = async {
            match time {
                Some(time) => executor.sleep(time).await,
                None => std::future::pending().await,
            }
        };
        let read = tokio::select! {
            biased;
            // An error means that whoever could ask to stop is gone.
            _ = stop.wait_for(|stopping| *stopping) => None,
            () = self.answers.closed() => return Err(End::Early),
            read = self.stream.read(chunk) => Some(read),
            () = silence => {
                tracing::info!(peer = %self.peer.address, inside, "a peer was silent for too long");
                Some(Err(std::io::ErrorKind::TimedOut.into()))
            }
        };
        let Some(read) = read else {
            progress.stopping = Some(executor.monotonic());
            return self.read_last(chunk, progress).await;
        };
        match read {
            Ok(count) if count > 0 => Ok(count),
            ended => {
                if inside {
                    self.seams.counters.frames_broken.one();
                }
                Err(if ended.is_ok() {
                    End::Closed
                } else {
                    End::Early
                })
            }
        }
    }

    /// The next bytes of those that were on their way when the gateway began to stop: a message
    /// that came in whole gets its answer.
    async fn read_last(&mut self, chunk: &mut [u8], progress: &Progress) -> Result<usize, End> {
        let executor = self.seams.executor.as_ref();
        let began = progress.stopping.unwrap_or_default();
        if executor.monotonic().saturating_sub(began) > LAST_BYTES_MAX {
            return Err(End::Early);
        }
        match within(executor, LAST_BYTES_WAIT, self.stream.read(chunk)).await {
            Some(Ok(count)) if count > 0 => Ok(count),
            Some(Ok(_none)) => Err(End::Closed),
            Some(Err(_)) | None => Err(End::Early),
        }
    }

    /// Takes what a chunk brought; an error when the connection must end.
    async fn take(&mut self, arrivals: Vec<Arrival>, progress: &mut Progress) -> Result<(), End> {
        let counters = &self.seams.counters;
        for arrival in arrivals {
            self.standing.renew(self.peer, &self.seams.terms);
            match arrival {
                Arrival::Whole { payload, junk } => {
                    counters.junk_bytes.add(junk as u64);
                    self.whole(payload, progress).await?;
                }
                Arrival::Broken { error, start } => {
                    tracing::warn!(peer = %self.peer.address, %error, "a connection is closed");
                    counters.frames_broken.one();
                    let reason = match error {
                        FrameError::TooLong { .. } => Reason::Oversize,
                        FrameError::NestedStart { .. } => Reason::Unreadable,
                        FrameError::NoStart { .. } => return Err(End::Early),
                    };
                    self.refuse(&start, Refusal::reject(reason)).await?;
                    return Err(End::Early);
                }
            }
            if self.standing.is_unbound() {
                tracing::warn!(peer = %self.peer.address, "a peer bound to no sender was refused");
                return Err(End::Early);
            }
        }
        Ok(())
    }

    /// Looks at one message or batch and sends it on its way. An acknowledgement is none, and is
    /// never answered.
    async fn whole(&self, payload: Vec<u8>, progress: &mut Progress) -> Result<(), End> {
        let Some(payload) = self.entry.hear(payload, &self.seams.counters) else {
            (progress.share, progress.large) = (None, None);
            return Ok(());
        };
        let size = payload.len();
        let Some(mut shares) = self.shares(size, progress).await else {
            self.refuse(&payload, unavailable()).await?;
            return Err(End::Early);
        };
        let own = progress.in_flight.share(size).await;
        shares.push(own.map_err(|_closed| End::Early)?);
        let Ok(mut reading) = self.reading(&payload).await else {
            self.refuse(&payload, unavailable()).await?;
            return Err(End::Early);
        };
        let question = Question::of(Bytes::from(payload), &self.standing, self.seams);
        if let Question::Message { later, .. } = &question {
            self.entry.note(*later);
        }
        if question.is_decided() {
            reading = None;
        }
        self.answer(Unanswered {
            question,
            shares,
            reading,
        })
        .await
    }

    /// Refuses a message that is not looked at any further.
    async fn refuse(&self, start: &[u8], refusal: Refusal) -> Result<(), End> {
        self.answer(Unanswered {
            question: Question::refused(start, &self.standing, refusal),
            shares: Vec::new(),
            reading: None,
        })
        .await
    }

    async fn answer(&self, message: Unanswered<'s>) -> Result<(), End> {
        self.answers.send(message).await.map_err(|_gone| End::Early)
    }

    /// Makes sure that the next chunk of a frame that has begun is covered by the budget: a small
    /// share at first, then at once what the largest frame needs, so that no two frames can wait
    /// for each other. None when the budget stays spent for as long as the store may be silent.
    async fn cover(&self, progress: &mut Progress) -> Option<()> {
        let held = progress.frames.held();
        if held <= CHUNK_BYTES {
            return Some(());
        }
        let is_small = held.saturating_add(CHUNK_BYTES) <= SMALL_FRAME_BYTES;
        let limit = self.bounds.frame_bytes_max.max(SMALL_FRAME_BYTES);
        let needed = if is_small { SMALL_FRAME_BYTES } else { limit };
        if !is_small && progress.large.is_none() {
            let large = self.seams.large.share_or_all(limit);
            progress.large = Some(self.wait(large).await?);
        }
        let covered = progress.share.as_ref().map_or(0, Share::bytes);
        if covered >= needed {
            return Some(());
        }
        let more = self.share(needed.saturating_sub(covered)).await?;
        match &mut progress.share {
            Some(share) => share.join(more),
            None => progress.share = Some(more),
        }
        Some(())
    }

    /// The shares of the budget for a message that came in whole: what was held for its frame, cut
    /// to what it needs. None when the budget stays spent.
    async fn shares(&self, size: usize, progress: &mut Progress) -> Option<Vec<Share>> {
        let mut share = match progress.share.take() {
            Some(share) => share,
            None => self.share(size).await?,
        };
        share.cut(size);
        let mut shares = vec![share];
        if let Some(mut large) = progress.large.take()
            && size > SMALL_FRAME_BYTES
        {
            large.cut(size);
            shares.push(large);
        }
        Some(shares)
    }

    /// What a large message or a batch needs to be put in work; small ones need nothing and wait
    /// for nobody. An error when others keep it for as long as the store may be silent.
    async fn reading(&self, payload: &[u8]) -> Result<Option<Share>, End> {
        let Some(bytes) = beside(payload) else {
            return Ok(None);
        };
        let share = self.seams.reading.share_or_all(bytes);
        self.wait(share).await.map(Some).ok_or(End::Early)
    }

    /// A share of the budget.
    async fn share(&self, bytes: usize) -> Option<Share> {
        self.wait(self.seams.budget.share(bytes)).await
    }

    /// Waits for a share for as long as the store may be silent.
    async fn wait(
        &self,
        share: impl Future<Output = Result<Share, AcquireError>>,
    ) -> Option<Share> {
        let executor = self.seams.executor.as_ref();
        within(executor, self.bounds.store(), share).await?.ok()
    }
}

/// The budget is spent because the store takes nothing.
const fn unavailable() -> Refusal {
    Refusal::retry(Reason::StoreUnavailable)
}
