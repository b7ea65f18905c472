//! The real time and tasks of the tests that speak over sockets; nothing of the gateway is here.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

use crate::released::NOON;

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

    #[expect(clippy::disallowed_methods, reason = "this is an executor")]
    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// It is always noon.
pub(crate) struct NoonClock;

impl Clock for NoonClock {
    fn now(&self) -> Timestamp {
        NOON
    }
}
