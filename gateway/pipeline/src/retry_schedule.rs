//! When to try a delivery again and when to give it to a person; that it is tried in order is the
//! queue's business.

use std::time::Duration;

use isthmus_core::clock::Timestamp;
use isthmus_core::id::DeliveryId;

/// Doubling waits between a first and a longest one, each drawn anew between nothing and its full
/// length, so that what failed together does not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The longest wait after the first failure.
    pub first: Duration,
    /// The longest wait of all.
    pub longest: Duration,
    /// How old a delivery may be and still be tried again; counted from its release.
    pub max_age: Duration,
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_mins(15),
            max_age: Duration::from_hours(72),
        }
    }
}

impl RetrySchedule {
    /// The longest wait after this many failures, the first being 1.
    pub fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }

    /// The wait of a delivery after its attempt of this number: between nothing and the ceiling,
    /// found from the delivery's id, so that a run can be repeated.
    pub fn wait(&self, id: &DeliveryId, attempt: u32) -> Duration {
        let ceiling = u64::try_from(self.ceiling(attempt).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(draw(id, attempt) % ceiling.saturating_add(1))
    }

    /// Whether a delivery that was released then is too old to be tried again now.
    pub fn is_over(&self, released_at: Timestamp, now: Timestamp) -> bool {
        let age = now.unix_millis().saturating_sub(released_at.unix_millis());
        u128::try_from(age).is_ok_and(|age| age >= self.max_age.as_millis())
    }
}

/// A number that looks drawn: `SplitMix64` over the id, which is a keyed digest, and the attempt.
fn draw(id: &DeliveryId, attempt: u32) -> u64 {
    let (first, second) = id.as_bytes().split_at(8);
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0_u64, |word, byte| word << 8 | u64::from(*byte))
    };
    let seed = word(first).wrapping_add(word(second).wrapping_mul(0xD1B5_4A32_D192_ED03));
    let mut drawn = seed.wrapping_add(u64::from(attempt).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    drawn ^ (drawn >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_double_up_to_the_longest() {
        let schedule = RetrySchedule::default();
        assert_eq!(schedule.ceiling(1), Duration::from_secs(1));
        assert_eq!(schedule.ceiling(2), Duration::from_secs(2));
        assert_eq!(schedule.ceiling(u32::MAX), Duration::from_mins(15));
    }

    #[test]
    fn waits_spread_over_the_whole_ceiling() {
        let schedule = RetrySchedule::default();
        let ids = (0..200_u8).map(|number| DeliveryId::from_bytes([number; 16]));
        let waits: Vec<Duration> = ids.map(|id| schedule.wait(&id, 4)).collect();
        let ceiling = Duration::from_secs(8);
        assert!(waits.iter().all(|wait| *wait <= ceiling));
        for quarter in 0..4 {
            let from = ceiling * quarter / 4;
            let within = waits
                .iter()
                .filter(|wait| **wait >= from && **wait < from + ceiling / 4);
            assert!((30..70).contains(&within.count()), "{waits:?}");
        }
    }

    #[test]
    fn what_is_too_old_is_not_tried_again() {
        let schedule = RetrySchedule::default();
        let at = Timestamp::from_unix_millis;
        let day = 24 * 60 * 60 * 1_000;
        assert!(!schedule.is_over(at(0), at(3 * day - 1)));
        assert!(schedule.is_over(at(0), at(3 * day)));
        assert!(!schedule.is_over(at(day), at(0)), "the clock went back");
    }
}
