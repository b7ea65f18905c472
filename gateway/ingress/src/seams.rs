//! `Seams`, what every listener needs from the rest of the gateway. The parts themselves are made
//! and joined by the server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::Clock;
use isthmus_core::current::Current;
use isthmus_core::executor::Executor;
use isthmus_core::intake::Intake;
use isthmus_core::subject::Digester;

use crate::acknowledgement::ControlIds;
use crate::budget::Budget;
use crate::counters::Counters;
use crate::open_connections::OpenConnections;
use crate::terms::Terms;

/// What every listener needs; all listeners share one.
pub struct Seams {
    /// The terms in force; a message is let in by one version of them.
    pub terms: Arc<Current<Terms>>,
    /// Where messages go. It must take messages in the order in which its futures are first
    /// polled.
    pub intake: Arc<dyn Intake>,
    /// Makes the ids of messages and the keys of patients.
    pub digester: Digester,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Tasks and timers.
    pub executor: Arc<dyn Executor>,
    /// How many bytes of messages all listeners may hold at once.
    pub budget: Budget,
    /// How many of these may be of large messages ([`Budget::for_large`]).
    pub large: Budget,
    /// What large messages may take beside while they are in work: read, sealed and stored.
    pub reading: Budget,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// The MLLP connections that are open.
    pub connections: OpenConnections,
    /// Control ids for acknowledgements.
    pub control_ids: ControlIds,
}

impl fmt::Debug for Seams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seams")
            .field("terms", &self.terms.get())
            .field("budget", &self.budget)
            .field("large", &self.large)
            .field("reading", &self.reading)
            .finish_non_exhaustive()
    }
}

/// What the work gives when it ends within the time, else none; the work is dropped then.
pub(crate) async fn within<T>(
    executor: &dyn Executor,
    time: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = executor.sleep(time) => None,
    }
}
