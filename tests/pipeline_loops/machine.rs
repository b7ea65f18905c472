//! A machine for these tests: its time stands still and its timers end at once; what runs on it is
//! in the other files.

use std::sync::Mutex;
use std::time::Duration;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

/// A machine whose time stands still and whose timers end at once; it remembers the waits.
#[derive(Default)]
pub(crate) struct Machine {
    pub(crate) waits: Mutex<Vec<Duration>>,
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(1_000_000)
    }
}

impl Executor for Machine {
    fn spawn(&self, _name: &'static str, _task: BoxFuture<'static, ()>) {}

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.waits.lock().unwrap().push(time);
        Box::pin(async {})
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}
