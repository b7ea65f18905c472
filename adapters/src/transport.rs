//! `Transport`, the means to perform calls: a folder, an HTTP client or a broker's; what a reply
//! means is the adapters' business.

use std::sync::Arc;

use isthmus_core::future::BoxFuture;

use crate::adapter::{Call, Reply};

/// Performs calls.
pub trait Transport: Send + Sync {
    /// Performs one call. Waits are bounded; every failure has a reply of its own.
    fn perform(&self, call: Arc<Call>) -> BoxFuture<'_, Reply>;

    /// Completes when calls may be performed; the recipient may ask that none be for a while.
    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
