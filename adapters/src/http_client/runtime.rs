//! The gateway's executor in the forms that the HTTP crates ask for; which runtime it is, the
//! server decides.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

/// Tasks and timers for connections.
#[derive(Clone)]
pub(crate) struct ClientRuntime(pub(crate) Arc<dyn Executor>);

impl<F> rt::Executor<F> for ClientRuntime
where
    F: Future + Send + 'static,
{
    fn execute(&self, task: F) {
        let task = async {
            task.await;
        };
        self.0.spawn("http connection", Box::pin(task));
    }
}

impl rt::Timer for ClientRuntime {
    fn sleep(&self, time: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(Mutex::new(self.0.sleep(time))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }
}

/// A timer that may be shared between threads, as the HTTP crates ask; nobody contends for it.
struct Sleep(Mutex<BoxFuture<'static, ()>>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        sleep.as_mut().poll(context)
    }
}

impl rt::Sleep for Sleep {}
