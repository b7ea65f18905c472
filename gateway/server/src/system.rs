//! The real machine behind the seams: its clock, its tasks and its timers; simulated ones live in
//! the tests.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the machine"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Tasks and timers of the tokio runtime that runs when a method is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokioExecutor {
    started: Instant,
}

impl TokioExecutor {
    /// An executor whose monotonic time starts now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the machine"
    )]
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Executor for TokioExecutor {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that starts tasks"
    )]
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        tracing::trace!(name, "task starts");
        drop(tokio::spawn(task));
    }

    fn compute(&self, work: Box<dyn FnOnce() + Send>) {
        drop(tokio::task::spawn_blocking(work));
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that starts timers"
    )]
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}
