//! `NotifySocket`, which tells the manager that started the gateway how it fares, as `sd_notify(3)`
//! has it: ready, reloading, stopping, and alive as long as it makes progress. Without a manager it
//! tells nobody.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_store::running_store::RunningStore;
use rustix::time::{ClockId, clock_gettime};

/// Where the manager listens.
const SOCKET: &str = "NOTIFY_SOCKET";
/// Within which time it wants to hear of progress, in microseconds, and from which process.
const WATCHDOG: &str = "WATCHDOG_USEC";
const WATCHDOG_PROCESS: &str = "WATCHDOG_PID";

/// The socket of whoever started the gateway, if they want to know.
#[derive(Debug, Default)]
pub(crate) struct NotifySocket {
    to: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl NotifySocket {
    /// The manager that the environment names.
    ///
    /// # Errors
    /// When it names one that cannot be told anything: it would wait for ever.
    #[expect(
        clippy::disallowed_methods,
        reason = "a service manager speaks to the process that it starts by these variables alone"
    )]
    pub(crate) fn of_environment() -> io::Result<Self> {
        let Some(name) = std::env::var_os(SOCKET).filter(|name| !name.is_empty()) else {
            return Ok(Self::default());
        };
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(&name)?,
            _ => {
                let text = format!("{SOCKET} is neither a path nor an abstract name");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        };
        let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
        let is_ours =
            number(WATCHDOG_PROCESS).is_none_or(|one| one == u64::from(std::process::id()));
        let watchdog = number(WATCHDOG).filter(|&time| time > 0 && is_ours);
        let socket = UnixDatagram::unbound()?;
        // A manager that does not listen must not hold up the gateway.
        socket.set_nonblocking(true)?;
        Ok(Self {
            to: Some((socket, address)),
            watchdog: watchdog.map(Duration::from_micros),
        })
    }

    /// The store is recovered and the ports are open.
    pub(crate) fn ready(&self) {
        self.tell("READY=1\nSTATUS=messages are taken in");
    }

    /// A reload begins. [`Self::ready`] ends it, however it ended.
    pub(crate) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
        self.tell(&format!(
            "RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=reading configuration and rules anew"
        ));
    }

    /// What came in is answered, then it ends.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=answering what came in");
    }

    /// Tells of progress for as long as there is some: the committer has done what was asked of it
    /// before. A gateway that cannot commit is silent, and the manager starts it again.
    pub(crate) async fn watch(self: Arc<Self>, store: Arc<RunningStore>, executor: &dyn Executor) {
        let Some(limit) = self.watchdog else { return };
        while store.answers().await {
            self.tell("WATCHDOG=1");
            executor.sleep(limit / 3).await;
        }
    }

    fn tell(&self, text: &str) {
        let Some((socket, address)) = &self.to else {
            return;
        };
        if let Err(error) = socket.send_to_addr(text.as_bytes(), address) {
            tracing::warn!(%error, "the service manager cannot be told");
        }
    }
}
