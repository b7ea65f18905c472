//! When to try a delivery again; that it is tried in order is the queue's business.

use std::time::Duration;

/// Doubling waits between a first and a longest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_mins(15),
        }
    }
}

impl RetrySchedule {
    /// The wait after this many failures, the first being 1.
    pub fn wait(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let schedule = RetrySchedule::default();
        assert_eq!(schedule.wait(1), Duration::from_millis(500));
        assert_eq!(schedule.wait(2), Duration::from_secs(1));
        assert_eq!(schedule.wait(u32::MAX), Duration::from_mins(15));
    }
}
