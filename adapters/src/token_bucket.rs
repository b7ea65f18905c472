//! `TokenBucket`, a rate with bursts; when it is asked and what waits for it is in `pace`.

use std::time::Duration;

/// A bucket that fills at an even rate. It holds no count but the time at which it is full again,
/// so that nothing has to run for it.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    /// The time in which one token comes.
    interval: Duration,
    burst: u32,
    /// When the bucket is full again.
    full_at: Duration,
}

impl TokenBucket {
    /// A full bucket; a rate or burst of 0 counts as 1.
    pub(crate) fn new(rate_per_s: u32, burst: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / rate_per_s.max(1),
            burst: burst.max(1),
            full_at: Duration::ZERO,
        }
    }

    /// How many tokens there are, or how long it takes until there is one.
    pub(crate) fn available(&self, now: Duration) -> Result<usize, Duration> {
        let missing = self.full_at.saturating_sub(now);
        let all = self.interval * self.burst;
        match all.checked_sub(missing) {
            Some(there) if there >= self.interval => {
                let tokens = there.as_nanos() / self.interval.as_nanos().max(1);
                Ok(usize::try_from(tokens).unwrap_or(usize::MAX))
            }
            _ => Err((missing + self.interval).saturating_sub(all)),
        }
    }

    /// Takes a token, also one that is still to come.
    pub(crate) fn take(&mut self, now: Duration) {
        self.full_at = self.full_at.max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let mut bucket = TokenBucket::new(10, 3);
        let start = Duration::from_secs(100);
        assert_eq!(bucket.available(start), Ok(3));
        for left in [Ok(2), Ok(1), Err(Duration::from_millis(100))] {
            bucket.take(start);
            assert_eq!(bucket.available(start), left);
        }
        let later = start + Duration::from_millis(100);
        assert_eq!(bucket.available(later), Ok(1));
        bucket.take(later);
        bucket.take(later);
        assert_eq!(bucket.available(later), Err(Duration::from_millis(200)));
        assert_eq!(bucket.available(start + Duration::from_mins(1)), Ok(3));
    }
}
