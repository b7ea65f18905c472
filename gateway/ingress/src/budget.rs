//! `Budget`, how many bytes of messages all listeners may hold at once. When it is spent, sockets
//! are not read until messages are answered; the bound on one frame is the listener's.

use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Bytes in one unit of account.
const UNIT: usize = 1024;

/// The bound, shared by all listeners.
///
/// It counts bytes as received. While a message is read out of its frame it takes some four times
/// as much for a moment: decoded text and the index of its fields.
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
}

impl Default for Budget {
    /// 256 MiB.
    fn default() -> Self {
        Self::new(256 << 20)
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
}
