//! The clock and the executor of the tests; nothing of the gateway is here.

use std::sync::OnceLock;
use std::time::Duration;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use tokio::time::Instant;

/// 2026-11-22T04:00:00Z, always.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_millis(1_795_320_000_000);

pub(crate) struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        NOW
    }
}

pub(crate) struct TokioExecutor;

impl Executor for TokioExecutor {
    #[expect(clippy::disallowed_methods, reason = "this is an executor")]
    fn spawn(&self, _name: &'static str, task: BoxFuture<'static, ()>) {
        drop(tokio::spawn(task));
    }

    #[expect(clippy::disallowed_methods, reason = "this is an executor")]
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        Instant::now().saturating_duration_since(*START.get_or_init(Instant::now))
    }
}
