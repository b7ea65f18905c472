//! How much of a batch is in work at once, and what it takes meanwhile. The shares themselves are
//! in `budget`.

use isthmus_hl7v2::batch::{Parts, is_enveloped, parts};

use crate::budget::in_work;
use crate::listener_config::SMALL_FRAME_BYTES;

/// Messages, headers and trailers in one batch or file at most.
pub(crate) const PARTS_MAX: usize = 50_000;

/// Messages of one batch that are with the store at once.
pub(crate) const WINDOW_MESSAGES: usize = 64;

/// Bytes of them at most, or one message.
pub(crate) const WINDOW_BYTES: usize = 1 << 20;

/// About what a part of a batch takes until all is answered: where it lies, and its
/// acknowledgement.
const PART_BYTES: usize = 512;

/// What a text takes beside its own bytes while it is in work. None for a small message, which
/// waits for nobody.
pub(crate) fn beside(text: &[u8]) -> Option<usize> {
    if is_enveloped(text) {
        return Some(beside_parts(text.len(), parts(text)));
    }
    (text.len() > SMALL_FRAME_BYTES).then(|| in_work(text.len()))
}

/// The same for a text of these parts that is taken apart.
pub(crate) fn beside_parts(bytes: usize, parts: Parts) -> usize {
    let window = parts.longest.max(WINDOW_BYTES).min(bytes);
    let answers = parts.count.min(PARTS_MAX).saturating_mul(PART_BYTES);
    in_work(window)
        .saturating_add(bytes)
        .saturating_add(answers)
}
