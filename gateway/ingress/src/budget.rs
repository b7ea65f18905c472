//! `Budget`, how many bytes of messages all listeners may hold at once. When it is spent, sockets
//! are not read until messages are answered; the bound on one frame is the listener's.

use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Bytes in one unit of account.
const UNIT: usize = 1024;

/// The budget of messages, unless another is stated: room for a small share for each of 1,024
/// connections and one frame of 16 MiB, and for the process to stay under 256 MB with all else.
pub const MESSAGE_BYTES: usize = 88 << 20;

/// What may be in work at once of messages that are large; one of 16 MiB takes all of it.
pub const READING_BYTES: usize = 64 << 20;

/// How much more than its own bytes a message takes while it is in work.
const READING_TIMES: usize = 4;

/// A bound on bytes, shared by all listeners. It counts bytes as received.
#[derive(Debug, Clone)]
pub struct Budget {
    units: Arc<Semaphore>,
    bytes: usize,
}

/// A share of the budget; returned when dropped.
#[derive(Debug)]
pub(crate) struct Share(OwnedSemaphorePermit);

impl Budget {
    /// A budget of this many bytes, rounded down to KiB and cut at 4 TiB.
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT)
            .min(Semaphore::MAX_PERMITS)
            .min(u32::MAX as usize);
        Self {
            units: Arc::new(Semaphore::new(units)),
            bytes: units.saturating_mul(UNIT),
        }
    }

    /// The whole budget, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The part of this budget that large messages may take, so that small ones find room beside
    /// them: half of it.
    #[must_use]
    pub fn for_large(&self) -> Self {
        Self::new(self.bytes / 2)
    }

    /// Bytes not held by anybody now.
    pub fn bytes_free(&self) -> usize {
        self.units.available_permits().saturating_mul(UNIT)
    }

    /// Waits for a share of at least this many bytes; first come, first served.
    pub(crate) async fn share(&self, bytes: usize) -> Result<Share, AcquireError> {
        let permit = Arc::clone(&self.units)
            .acquire_many_owned(units(bytes))
            .await?;
        Ok(Share(permit))
    }

    /// As [`Budget::share`], but of the whole budget at most: who needs more has it alone.
    pub(crate) async fn share_or_all(&self, bytes: usize) -> Result<Share, AcquireError> {
        self.share(bytes.min(self.bytes)).await
    }
}

impl Default for Budget {
    /// [`MESSAGE_BYTES`].
    fn default() -> Self {
        Self::new(MESSAGE_BYTES)
    }
}

impl Share {
    /// How many bytes it covers.
    pub(crate) fn bytes(&self) -> usize {
        self.0.num_permits().saturating_mul(UNIT)
    }

    /// Keeps what covers this many bytes and returns the rest.
    pub(crate) fn cut(&mut self, bytes: usize) {
        let rest = self.0.num_permits().saturating_sub(units(bytes) as usize);
        drop(self.0.split(rest));
    }

    /// Joins another share of the same budget to this one.
    pub(crate) fn join(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

/// About what a message takes while it is in work: its decoded text, the index of its fields, its
/// sealed form, and what the store makes of that while it is written.
pub(crate) const fn in_work(bytes: usize) -> usize {
    bytes.saturating_mul(READING_TIMES)
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_is_cut_and_returned() {
        let budget = Budget::new(64 << 10);
        let mut share = budget.share(40_000).await.unwrap();
        assert_eq!(budget.bytes_free(), 24 << 10);
        share.cut(1_500);
        assert_eq!(share.bytes(), 2 << 10);
        assert_eq!(budget.bytes_free(), 62 << 10);
        drop(share);
        assert_eq!(budget.bytes_free(), budget.bytes());
    }

    #[tokio::test]
    async fn who_needs_more_than_there_is_has_all_of_it_alone() {
        let budget = Budget::new(64 << 10);
        let part = budget.share_or_all(in_work(2 << 10)).await.unwrap();
        assert_eq!(part.bytes(), 8 << 10);
        drop(part);
        let all = budget.share_or_all(in_work(1 << 20)).await.unwrap();
        assert_eq!((all.bytes(), budget.bytes_free()), (64 << 10, 0));
    }
}
