//! The boxed future that every asynchronous seam returns, so that seams can be trait objects;
//! no runtime is named here.

use std::future::Future;
use std::pin::Pin;

/// A future that may be sent between threads, boxed so that a trait can return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
