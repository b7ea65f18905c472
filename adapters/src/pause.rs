//! `Pause`, how long a recipient as a whole is left in peace after a failure that every record
//! would share; failures of many kinds together are in `breaker`.

use std::time::Duration;

/// A pause that doubles with each failure, with full jitter: anywhere between nothing and its
/// whole length, so that gateways that failed together do not come back together.
#[derive(Debug)]
pub(crate) struct Pause {
    first: Duration,
    longest: Duration,
    failures: u32,
    set_at: Duration,
    until: Duration,
    random: u64,
}

impl Pause {
    /// No pause. The seed is for the jitter.
    pub(crate) fn new(first: Duration, longest: Duration, seed: u64) -> Self {
        Self {
            first,
            longest,
            failures: 0,
            set_at: Duration::ZERO,
            until: Duration::ZERO,
            random: seed,
        }
    }

    /// How long it still lasts; zero when there is none.
    pub(crate) fn remaining(&self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }

    /// A call that began then failed in a way that every record would share. Those that were under
    /// way when the pause began are of one failure with it.
    pub(crate) fn failed(&mut self, began: Duration, now: Duration, asked: Option<Duration>) {
        let mut wait = asked.unwrap_or_default();
        if self.failures == 0 || began >= self.set_at {
            let doublings = self.failures.min(20);
            self.failures = self.failures.saturating_add(1);
            self.set_at = now;
            let whole = self.first.saturating_mul(1 << doublings).min(self.longest);
            wait = wait.max(self.jitter(whole));
        }
        if !wait.is_zero() {
            self.until = self.until.max(now + wait);
        }
    }

    /// A call that began then reached the recipient.
    pub(crate) fn succeeded(&mut self, began: Duration) {
        if began >= self.set_at {
            self.failures = 0;
        }
    }

    /// Anywhere between nothing and the whole, by `SplitMix64`.
    fn jitter(&mut self, whole: Duration) -> Duration {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX - 1);
        Duration::from_millis(mixed % (millis + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_double_up_to_the_longest_and_differ() {
        let mut longest_seen = [Duration::ZERO; 8];
        for seed in 0..500 {
            let mut pause = Pause::new(SECOND, SECOND * 16, seed);
            for (number, seen) in longest_seen.iter_mut().enumerate() {
                let now = SECOND * 1000 * (u32::try_from(number).unwrap() + 1);
                pause.failed(now, now, None);
                *seen = (*seen).max(pause.remaining(now));
            }
        }
        for (number, seen) in longest_seen.iter().enumerate() {
            let whole = SECOND * (1 << number.min(4));
            assert!(
                *seen <= whole && *seen * 10 > whole * 9,
                "{number}: {seen:?}"
            );
        }
    }

    #[test]
    fn what_was_under_way_counts_once() {
        let mut pause = Pause::new(SECOND, SECOND * 1024, 1);
        for late in 0..16 {
            pause.failed(SECOND * 10, SECOND * (20 + late), None);
        }
        assert!(pause.remaining(SECOND * 20) <= SECOND);
        pause.failed(SECOND * 10, SECOND * 40, Some(SECOND * 90));
        assert_eq!(pause.remaining(SECOND * 40), SECOND * 90);
    }

    #[test]
    fn a_success_begins_anew_but_lifts_nothing() {
        let mut pause = Pause::new(SECOND, SECOND * 1024, 1);
        pause.failed(SECOND, SECOND, Some(SECOND * 30));
        pause.succeeded(Duration::ZERO);
        assert_eq!(pause.failures, 1);
        pause.succeeded(SECOND * 2);
        assert_eq!(pause.failures, 0);
        assert_eq!(pause.remaining(SECOND), SECOND * 30);
    }
}
