//! MLLP framing: bytes of a stream to frames and back, without sockets or timers.
//! What is in a frame is read in `message`; connections belong to the listener.

use std::collections::VecDeque;
use std::fmt;

use thiserror::Error;

/// The start block, a vertical tab.
pub const START: u8 = 0x0B;
/// The end block, a file separator; a carriage return follows it.
pub const END: u8 = 0x1C;
const RETURN: u8 = b'\r';

/// A payload above this many bytes gets room for [`STEP_BYTES`], and above those for all that a
/// frame may have.
const STEP_BYTES_MIN: usize = 64 << 10;
const STEP_BYTES: usize = 1 << 20;

/// One frame: what stood between the start and the end block (HL7 v2.5.1 chapter 2, appendix C,
/// "minimal lower layer protocol").
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The message, without the frame's own bytes.
    pub payload: Vec<u8>,
    /// How many bytes that belong to no frame stood before it.
    pub junk_before: usize,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Frame({} bytes, {} of junk before)",
            self.payload.len(),
            self.junk_before
        )
    }
}

/// What is wrong in the stream. The decoder goes on at the next start block, but what was sent in
/// the broken frame is lost, so the listener should answer and close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The frame is longer than the limit.
    #[error("the frame is longer than the limit of {limit} bytes; raise the limit or split it")]
    TooLong {
        /// The limit, in bytes of payload.
        limit: usize,
    },
    /// A start block inside a frame.
    #[error("a start block (0x0B) after {received} bytes of a frame that has not ended")]
    NestedStart {
        /// How much of the broken frame had come, in bytes.
        received: usize,
    },
    /// As many bytes as a frame may have, and no start block among them.
    #[error("no start block (0x0B) in {limit} bytes; the peer does not speak MLLP")]
    NoStart {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// Takes a stream apart into frames, however it is cut into chunks.
///
/// Every byte is looked at once. The decoder holds the payload of one unfinished frame, at most the
/// limit, and the frames of the chunks pushed since the last call of [`FrameDecoder::next`] that
/// gave none.
pub struct FrameDecoder {
    limit: usize,
    state: State,
    payload: Vec<u8>,
    junk: usize,
    ready: VecDeque<Result<Frame, FrameError>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a start block.
    Outside,
    /// Right after an end block, where a carriage return is expected.
    Ended,
    Inside,
    /// In a frame that is too long, up to its end.
    Overlong,
}

impl FrameDecoder {
    /// A decoder of frames with at most `limit` bytes of payload.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            state: State::Outside,
            payload: Vec::new(),
            junk: 0,
            ready: VecDeque::new(),
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while let Some(&first) = rest.first() {
            rest = match self.state {
                State::Ended => {
                    self.state = State::Outside;
                    if first == RETURN {
                        rest.get(1..).unwrap_or_default()
                    } else {
                        rest
                    }
                }
                State::Outside => self.seek_start(rest),
                State::Inside | State::Overlong => self.seek_end(rest),
            };
        }
    }

    /// The next whole frame, none when more bytes are needed.
    ///
    /// # Errors
    /// See [`FrameError`]; frames before the broken place come first.
    #[expect(
        clippy::should_implement_trait,
        reason = "a None here may be followed by frames"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        self.ready.pop_front().transpose()
    }

    /// Whether a frame has begun and not ended: the stream must not close here.
    pub fn is_inside_frame(&self) -> bool {
        matches!(self.state, State::Inside | State::Overlong)
    }

    fn seek_start<'c>(&mut self, rest: &'c [u8]) -> &'c [u8] {
        let place = memchr::memchr(START, rest);
        let junk = place.unwrap_or(rest.len());
        self.junk = self.junk.saturating_add(junk);
        // Once for every limit's worth, however the stream was cut.
        while self.junk > self.limit {
            self.ready
                .push_back(Err(FrameError::NoStart { limit: self.limit }));
            self.junk = self.junk.saturating_sub(self.limit.saturating_add(1));
        }
        if place.is_some() {
            self.state = State::Inside;
        }
        rest.get(junk.saturating_add(1)..).unwrap_or_default()
    }

    fn seek_end<'c>(&mut self, rest: &'c [u8]) -> &'c [u8] {
        let place = memchr::memchr2(START, END, rest);
        let length = place.unwrap_or(rest.len());
        let (text, from_block) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if self.state == State::Inside {
            if self.payload.len().saturating_add(length) > self.limit {
                self.drop_frame(FrameError::TooLong { limit: self.limit });
                self.state = State::Overlong;
            } else {
                self.make_room(length);
                self.payload.extend_from_slice(text);
            }
        }
        let Some((&block, after)) = from_block.split_first() else {
            return &[];
        };
        if block == END {
            self.end_frame();
        } else {
            self.nested_start();
        }
        after
    }

    /// Lets a large payload grow in few and large steps: each step leaves its bytes behind, and an
    /// allocator keeps them for a while. Room that is not written to costs addresses alone.
    fn make_room(&mut self, more: usize) {
        let (held, room) = (self.payload.len(), self.payload.capacity());
        let needed = held.saturating_add(more);
        if needed <= room || needed <= STEP_BYTES_MIN {
            return;
        }
        let step = if needed <= STEP_BYTES {
            STEP_BYTES.min(self.limit)
        } else {
            self.limit
        };
        self.payload.reserve_exact(step.saturating_sub(held));
    }

    fn end_frame(&mut self) {
        if self.state == State::Inside {
            let mut payload = std::mem::take(&mut self.payload);
            if payload.capacity() > STEP_BYTES && payload.len() < payload.capacity() / 2 {
                payload.shrink_to_fit();
            }
            self.ready.push_back(Ok(Frame {
                payload,
                junk_before: self.junk,
            }));
            self.junk = 0;
        }
        self.state = State::Ended;
    }

    fn nested_start(&mut self) {
        if self.state == State::Inside {
            let received = self.payload.len();
            self.drop_frame(FrameError::NestedStart { received });
        }
        self.state = State::Inside;
    }

    fn drop_frame(&mut self, error: FrameError) {
        self.payload = Vec::new();
        self.junk = 0;
        self.ready.push_back(Err(error));
    }
}

impl fmt::Debug for FrameDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameDecoder")
            .field("limit", &self.limit)
            .field("state", &self.state)
            .field("received", &self.payload.len())
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}

/// Appends `payload` to `stream` as one frame.
pub fn encode(payload: &[u8], stream: &mut Vec<u8>) {
    stream.reserve(payload.len().saturating_add(3));
    stream.push(START);
    stream.extend_from_slice(payload);
    stream.extend_from_slice(&[END, RETURN]);
}
