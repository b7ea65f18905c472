//! `Clock`, the one source of the time of day, and the instant it tells; timers are the
//! executor's.

use std::fmt;

/// An instant in UTC, to the millisecond. Shown in RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant this many milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// The same instant for calendar arithmetic; instants beyond year 9999 become the last one.
    pub fn civil(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }

    /// The UTC calendar day, `YYYY-MM-DD`.
    pub fn day(self) -> String {
        self.civil().strftime("%Y-%m-%d").to_string()
    }

    /// The UTC calendar month, `YYYY-MM`.
    pub fn month(self) -> String {
        self.civil().strftime("%Y-%m").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.civil().strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

/// The time of day. Everything that depends on it takes a clock, so that a run can be repeated.
pub trait Clock: Send + Sync {
    /// The present instant. It may jump when the machine's clock is set; measure intervals with
    /// [`crate::executor::Executor::monotonic`].
    fn now(&self) -> Timestamp;
}
