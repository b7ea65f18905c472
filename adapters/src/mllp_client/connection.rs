//! `Connection`, one way to a receiver: a message goes out, and what comes back is its answer or
//! the connection is not used again, so that no answer is ever taken for that of another message.

use std::fmt;

use futures_util::FutureExt;
use isthmus_hl7v2::framing::{self, FrameDecoder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::adapter::Reply;
use crate::mllp_message::{MllpCall, PeerAnswer};

/// The longest answer that is read; one has a few hundred bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// How much is read at once.
const CHUNK_BYTES: usize = 4 << 10;

/// What a connection is made over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One connection, on which nothing is under way.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// What came of a message.
pub(crate) struct Exchanged {
    pub(crate) reply: Reply,
    /// The connection, when the next message may go by it.
    pub(crate) connection: Option<Connection>,
}

/// One answer as it came.
struct Answer {
    frame: Vec<u8>,
    /// Nothing stood behind it.
    is_alone: bool,
}

impl Connection {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream }
    }

    /// The connection, if it can be used again: still open, and without a byte that nobody asked
    /// for, such as an acknowledgment that comes a second time.
    pub(crate) fn still_usable(mut self) -> Option<Self> {
        let mut chunk = [0; 16];
        loop {
            let Some(read) = self.stream.read(&mut chunk).now_or_never() else {
                return Some(self);
            };
            let count = read.ok().filter(|count| *count > 0)?;
            if !chunk.get(..count)?.iter().all(|byte| is_line_end(*byte)) {
                tracing::debug!("the receiver sent what nobody asked for, closing");
                return None;
            }
        }
    }

    /// Sends a message and reads its answer. Whoever stops waiting drops the connection with it.
    pub(crate) async fn exchange(mut self, call: &MllpCall) -> Exchanged {
        let message = call.message.reveal();
        let mut framed = Vec::new();
        framing::encode(message, &mut framed);
        let answer = match self.sent_and_answered(&framed).await {
            Ok(answer) => answer,
            Err(code) => return lost(code),
        };
        match PeerAnswer::read(answer.frame, &call.control_id) {
            Ok(read) => Exchanged {
                reply: Reply::Mllp(read),
                connection: answer.is_alone.then_some(self),
            },
            Err(fault) => lost(fault.code()),
        }
    }

    async fn sent_and_answered(&mut self, message: &[u8]) -> Result<Answer, &'static str> {
        let cut = |_error| "cut";
        self.stream.write_all(message).await.map_err(cut)?;
        self.stream.flush().await.map_err(cut)?;
        let mut frames = FrameDecoder::new(ANSWER_BYTES_MAX);
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = self.stream.read(&mut chunk).await.map_err(cut)?;
            if read == 0 {
                return Err("cut");
            }
            if let Some(answer) = taken(&mut frames, chunk.get(..read).unwrap_or_default())? {
                return Ok(answer);
            }
        }
    }
}

const fn lost(code: &'static str) -> Exchanged {
    Exchanged {
        reply: Reply::Lost(code),
        connection: None,
    }
}

/// Line ends between frames mean nothing: one ends a frame, and some peers send another.
const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Takes the bytes of an answer as they come, in pieces of any size; the answer once it is whole.
fn taken(frames: &mut FrameDecoder, chunk: &[u8]) -> Result<Option<Answer>, &'static str> {
    for (at, byte) in chunk.iter().enumerate() {
        if !frames.is_inside_frame() {
            if is_line_end(*byte) {
                continue;
            }
            if *byte != framing::START {
                return Err("ack-unreadable");
            }
        }
        frames.push(std::slice::from_ref(byte));
        match frames.next() {
            Ok(None) => {}
            Ok(Some(frame)) => {
                let behind = chunk.iter().skip(at.saturating_add(1));
                return Ok(Some(Answer {
                    frame: frame.payload,
                    is_alone: behind.copied().all(is_line_end),
                }));
            }
            Err(framing::FrameError::TooLong { .. }) => return Err("ack-too-long"),
            Err(_broken) => return Err("ack-unreadable"),
        }
    }
    Ok(None)
}
