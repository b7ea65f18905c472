//! `Executor`, the seam over tasks, timers and monotonic time, so that the pipeline runs on a real
//! runtime or under a seeded simulation; which runtime it is, `gateway/server` decides.

use std::time::Duration;

use crate::future::BoxFuture;

/// Starts tasks and timers. Whoever holds one never names a runtime.
pub trait Executor: Send + Sync {
    /// Starts a task that runs until it ends by itself. `name` shows in traces.
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>);

    /// Runs work that takes the processor for milliseconds, apart from the tasks, which must not
    /// wait for it. A machine that has no threads for it does it at once.
    fn compute(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }

    /// Completes after the given time.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;

    /// Time since some fixed point; never goes back, unlike the clock.
    fn monotonic(&self) -> Duration;
}
