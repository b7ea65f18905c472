//! `Counters`, how often what happened at the listeners, for metrics; who reads them and in which
//! form is the server's business.

use std::sync::atomic::{AtomicU64, Ordering};

use isthmus_core::refusal::Reason;

/// Counts since the start; none ever falls, except `connections_open`.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages that are on stable storage.
    pub accepted: Counter,
    /// Of these, repeats of an earlier message.
    pub repeated: Counter,
    /// Of these, new content under a control id that was used before.
    pub control_ids_reused: Counter,
    /// Messages in which bytes that are not of their charset were replaced.
    pub charset_replaced: Counter,
    /// Messages that were stored although they are not as their sender's profile asks.
    pub profile_not_kept: Counter,
    /// Messages refused, by reason.
    pub refused: Refused,
    /// Connections that were let in.
    pub connections: Counter,
    /// Connections that are open now.
    pub connections_open: Counter,
    /// Connections closed at once because the bound on connections was reached.
    pub connections_over_bound: Counter,
    /// Connections of peers that are bound to no sender.
    pub connections_unbound: Counter,
    /// TLS handshakes that failed or took too long.
    pub handshakes_failed: Counter,
    /// Frames that began and were cut off: by the peer, by its silence, or by a nested start block.
    pub frames_broken: Counter,
    /// Batches and files of messages that were taken apart.
    pub batches: Counter,
    /// Of these, such as were not as their headers and trailers say.
    pub batches_unlike_envelope: Counter,
    /// Files of which every message is on stable storage.
    pub files_taken: Counter,
    /// Files that were refused, whole or in part.
    pub files_refused: Counter,
    /// How often a file was left to be tried again.
    pub files_left: Counter,
    /// Bytes between frames, passed over.
    pub junk_bytes: Counter,
    /// Application acknowledgements that senders have heard.
    pub answers_heard: Counter,
    /// Times that one could not be told, or was not heard, and is told again.
    pub answers_put_off: Counter,
    /// Those that a sender refused (`CR`); they are given up.
    pub answers_refused: Counter,
    /// Those whose key is gone; they are given up.
    pub answers_unopenable: Counter,
    /// Acknowledgements of ours that senders sent.
    pub acknowledgements_heard: Counter,
    /// Acknowledgements that came too late, twice, or for nothing that was sent; passed over.
    pub acknowledgements_foreign: Counter,
}

/// One count.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The count now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn one_less(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Refused messages, by reason.
#[derive(Debug, Default)]
pub struct Refused {
    unreadable: Counter,
    charset: Counter,
    unauthorised: Counter,
    oversize: Counter,
    out_of_sequence: Counter,
    nonconforming: Counter,
    store_unavailable: Counter,
    not_mapped: Counter,
    other: Counter,
}

impl Refused {
    /// The count of one reason. Reasons that no listener gives share one count.
    pub const fn of(&self, reason: Reason) -> &Counter {
        match reason {
            Reason::Unreadable => &self.unreadable,
            Reason::Charset => &self.charset,
            Reason::Unauthorised => &self.unauthorised,
            Reason::Oversize => &self.oversize,
            Reason::OutOfSequence => &self.out_of_sequence,
            Reason::Nonconforming => &self.nonconforming,
            Reason::StoreUnavailable => &self.store_unavailable,
            Reason::NotMapped => &self.not_mapped,
            Reason::Unmappable
            | Reason::Unshapeable
            | Reason::Unopenable
            | Reason::RefusedByDestination
            | Reason::ConsentChanged
            | Reason::PolicyChanged
            | Reason::TriedTooLong
            | Reason::ConsentUnavailable
            | Reason::ConsentLost
            | Reason::Review
            | Reason::Restriction => &self.other,
        }
    }
}
