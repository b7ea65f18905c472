//! `Asking`, how the demo asks its gateway: over the admin socket, as the commands do, and until a
//! state is there or a stated time is over.

use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use serde::de::DeserializeOwned;

use crate::admin::answer::Status;
use crate::admin::client;
use crate::admin::request::Request;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::system::TokioExecutor;

/// The longest that any state is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// Asks the gateway of a configuration.
#[derive(Clone)]
pub(crate) struct Asking {
    file: Arc<ConfigFile>,
    executor: TokioExecutor,
}

impl Asking {
    /// Asks the gateway that runs on this configuration.
    pub(crate) fn new(file: Arc<ConfigFile>) -> Self {
        Self {
            file,
            executor: TokioExecutor::new(),
        }
    }

    /// Asks once. The socket blocks, so it is done aside.
    pub(crate) async fn ask<A>(&self, request: Request) -> Result<A, Failure>
    where
        A: DeserializeOwned + Send + 'static,
    {
        self.aside(|file| client::ask(file, request)).await
    }

    /// Does something that blocks.
    pub(crate) async fn aside<A, F>(&self, work: F) -> Result<A, Failure>
    where
        A: Send + 'static,
        F: FnOnce(&ConfigFile) -> Result<A, Failure> + Send + 'static,
    {
        let file = Arc::clone(&self.file);
        let done = tokio::task::spawn_blocking(move || work(&file)).await;
        done.map_err(Failure::run)?
    }

    /// Waits until the counts are as wished; `what` says how in words.
    pub(crate) async fn until(
        &self,
        what: &str,
        is_there: impl Fn(&Status) -> bool,
    ) -> Result<(), Failure> {
        let start = self.executor.monotonic();
        loop {
            let status: Status = self.ask(Request::Status).await?;
            if is_there(&status) {
                return Ok(());
            }
            self.look_again(start, what).await?;
        }
    }

    /// Waits until something that needs no gateway is so.
    pub(crate) async fn until_so(
        &self,
        what: &str,
        is_so: impl Fn() -> bool,
    ) -> Result<(), Failure> {
        let start = self.executor.monotonic();
        while !is_so() {
            self.look_again(start, what).await?;
        }
        Ok(())
    }

    /// Waits a moment; fails when the time is over.
    pub(crate) async fn look_again(&self, start: Duration, what: &str) -> Result<(), Failure> {
        if self.executor.monotonic().saturating_sub(start) > PATIENCE {
            return Err(Failure::Run(format!(
                "waited {} seconds in vain for {what}",
                PATIENCE.as_secs()
            )));
        }
        self.executor.sleep(LOOK_EVERY).await;
        Ok(())
    }

    /// The time that waits are counted in.
    pub(crate) fn monotonic(&self) -> Duration {
        self.executor.monotonic()
    }
}

/// How many deliveries of a recipient stand so.
pub(crate) fn deliveries(status: &Status, recipient: &str, state: &str) -> u64 {
    let rows = status.deliveries.iter();
    let rows = rows.filter(|row| row.recipient == recipient && row.state == state);
    rows.map(|row| row.count).sum()
}

/// How many are not there yet.
pub(crate) fn on_the_way(status: &Status, recipient: &str) -> u64 {
    deliveries(status, recipient, "waiting") + deliveries(status, recipient, "retrying")
}
