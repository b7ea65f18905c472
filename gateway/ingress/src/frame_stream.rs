//! `FrameStream`, the MLLP decoder together with what is needed to answer a frame that never comes
//! to its end: its first bytes, and how much of it is held.

use isthmus_hl7v2::framing::{FrameDecoder, FrameError, START};

/// Bytes of a frame's start that are kept, enough for its header line.
const START_BYTES_MAX: usize = 4096;

/// The frames of one connection.
#[derive(Debug)]
pub(crate) struct FrameStream {
    decoder: FrameDecoder,
    /// The first bytes of the frame that has begun.
    start: Vec<u8>,
    /// Bytes of the frame that has begun.
    held: usize,
}

/// What a chunk of the stream brought.
pub(crate) enum Arrival {
    /// A whole frame.
    Whole {
        /// What it holds.
        payload: Vec<u8>,
        /// Bytes passed over before it.
        junk: usize,
    },
    /// The stream cannot be followed any more.
    Broken {
        /// Why.
        error: FrameError,
        /// How the frame began.
        start: Vec<u8>,
    },
}

impl FrameStream {
    /// A stream of frames of at most this many bytes.
    pub(crate) fn new(frame_bytes_max: usize) -> Self {
        Self {
            decoder: FrameDecoder::new(frame_bytes_max),
            start: Vec::new(),
            held: 0,
        }
    }

    /// Bytes of a frame that has begun and not ended.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Whether a frame has begun and not ended.
    pub(crate) fn is_inside_frame(&self) -> bool {
        self.decoder.is_inside_frame()
    }

    /// Gives up the frame that has begun; what is left are its first bytes.
    pub(crate) fn into_start(self) -> Vec<u8> {
        self.start
    }

    /// Takes the next bytes of the stream. After a broken frame the rest of them is not looked at.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        let mut rest = chunk;
        // One start block at most in each piece, at its beginning: so `start` is always the start
        // of the frame that the decoder speaks of.
        while let Some((&first, behind)) = rest.split_first() {
            let length = memchr::memchr(START, behind).map_or(rest.len(), |place| place + 1);
            let (piece, next) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = next;
            let nested = first == START && self.decoder.is_inside_frame();
            if !nested {
                self.note(piece, first == START);
            }
            self.decoder.push(piece);
            loop {
                match self.decoder.next() {
                    Ok(None) => break,
                    Ok(Some(frame)) => {
                        let (payload, junk) = (frame.payload, frame.junk_before);
                        arrivals.push(Arrival::Whole { payload, junk });
                    }
                    Err(error) => {
                        let start = std::mem::take(&mut self.start);
                        arrivals.push(Arrival::Broken { error, start });
                        return arrivals;
                    }
                }
            }
            if !self.decoder.is_inside_frame() {
                self.held = 0;
                self.start.clear();
            }
        }
        arrivals
    }

    /// Keeps the start of the frame and counts its bytes.
    fn note(&mut self, piece: &[u8], starts: bool) {
        let text = if starts {
            self.start.clear();
            self.held = 0;
            piece.get(1..).unwrap_or_default()
        } else if self.decoder.is_inside_frame() {
            piece
        } else {
            return;
        };
        self.held = self.held.saturating_add(text.len());
        let room = START_BYTES_MAX.saturating_sub(self.start.len());
        self.start.extend(text.iter().take(room));
    }
}
