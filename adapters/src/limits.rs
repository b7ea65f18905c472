//! `Limits`, how fast a recipient is served and when it is left alone; the runner keeps them.

use std::time::Duration;

/// How fast a recipient is served and when it is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// At most this many calls a second in the long run; none for as many as there are.
    pub rate_per_s: Option<u32>,
    /// How many calls may begin at once after a quiet time, when there is a rate.
    pub burst: u32,
    /// The breaker opens when at least this many calls failed within [`Limits::window`], and they
    /// are at least half of the calls in it.
    pub failures: u32,
    /// The time that the breaker looks back.
    pub window: Duration,
    /// How long the breaker stays open before one call is tried.
    pub probe_after: Duration,
    /// The longest pause after the first failure that every record would share.
    pub pause_first: Duration,
    /// The longest pause after any number of them, unless the recipient asks for more.
    pub pause_longest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate_per_s: None,
            burst: 1,
            failures: 5,
            window: Duration::from_secs(30),
            probe_after: Duration::from_secs(20),
            pause_first: Duration::from_millis(500),
            pause_longest: Duration::from_mins(15),
        }
    }
}
