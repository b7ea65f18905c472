//! The gateway's timers in the form that the HTTP crate asks for; which runtime it is, the server
//! decides.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

/// Timers for connections.
#[derive(Clone)]
pub(crate) struct HttpTimer(pub(crate) Arc<dyn Executor>);

impl rt::Timer for HttpTimer {
    fn sleep(&self, time: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(Mutex::new(self.0.sleep(time))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }
}

/// A timer that may be shared between threads, as the crate asks; nobody contends for it.
struct Sleep(Mutex<BoxFuture<'static, ()>>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        sleep.as_mut().poll(context)
    }
}

impl rt::Sleep for Sleep {}
