//! `Departure`, whether the body of a request began to leave: nothing else tells a request that
//! may have arrived from one that cannot have.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const WITHDRAWN: u8 = 2;

/// Whether a body began to leave. The first of [`Departure::begin`] and [`Departure::withdraw`]
/// decides, also when they come at the same time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Departure(Arc<AtomicU8>);

impl Departure {
    /// It begins to leave; false when it was withdrawn.
    pub(crate) fn begin(&self) -> bool {
        self.decide(BEGUN) != WITHDRAWN
    }

    /// It must not leave any more; false when it began to.
    pub(crate) fn withdraw(&self) -> bool {
        self.decide(WITHDRAWN) != BEGUN
    }

    /// What was decided, by this call or before.
    fn decide(&self, wish: u8) -> u8 {
        let order = Ordering::AcqRel;
        match self
            .0
            .compare_exchange(WAITING, wish, order, Ordering::Acquire)
        {
            Ok(_) => wish,
            Err(decided) => decided,
        }
    }
}

/// The request was given up before its body left.
#[derive(Debug, thiserror::Error)]
#[error("withdrawn")]
pub(crate) struct Withdrawn;

/// A body that tells when it begins to leave, and does not leave once it is withdrawn.
#[derive(Debug)]
pub(crate) struct DepartingBody {
    bytes: Option<Bytes>,
    departure: Departure,
}

impl DepartingBody {
    /// A body. An empty one counts as begun: a connection need not ask for it.
    pub(crate) fn new(bytes: Bytes, departure: Departure) -> Self {
        if bytes.is_empty() {
            departure.begin();
        }
        Self {
            bytes: Some(bytes).filter(|bytes| !bytes.is_empty()),
            departure,
        }
    }
}

impl Body for DepartingBody {
    type Data = Bytes;
    type Error = Withdrawn;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Withdrawn>>> {
        let Some(bytes) = self.bytes.take() else {
            return Poll::Ready(None);
        };
        Poll::Ready(Some(if self.departure.begin() {
            Ok(Frame::data(bytes))
        } else {
            Err(Withdrawn)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_decides() {
        let departure = Departure::default();
        assert!(departure.begin() && departure.begin() && !departure.withdraw());
        let departure = Departure::default();
        assert!(departure.withdraw() && departure.withdraw() && !departure.begin());
    }
}
