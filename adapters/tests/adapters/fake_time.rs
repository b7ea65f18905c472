//! Time that passes only where a test says so or something sleeps; sleeping takes no time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

use crate::released::NOON;

/// A clock and an executor over one time, which begins at noon.
pub(crate) struct FakeTime {
    passed: Arc<Mutex<Duration>>,
}

impl FakeTime {
    pub(crate) fn new() -> Self {
        Self {
            passed: Arc::default(),
        }
    }

    /// The time since the beginning.
    pub(crate) fn passed(&self) -> Duration {
        *self.passed.lock().unwrap()
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }
}

impl Clock for FakeTime {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.passed().as_millis()).unwrap();
        Timestamp::from_unix_millis(NOON.unix_millis() + passed)
    }
}

impl Executor for FakeTime {
    fn spawn(&self, name: &'static str, _task: BoxFuture<'static, ()>) {
        panic!("nothing here starts {name}");
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let passed = Arc::clone(&self.passed);
        Box::pin(async move {
            *passed.lock().unwrap() += time;
        })
    }

    fn monotonic(&self) -> Duration {
        // Some fixed point long before.
        Duration::from_hours(1) + self.passed()
    }
}
