//! `isthmus run`: starts the gateway, says where it listens, and ends it when asked to or when
//! it must; how its parts are joined is in `wiring`.

use std::path::Path;
use std::sync::Arc;

use isthmus_core::clock::Clock;
use isthmus_core::executor::Executor;
use isthmus_ingress::listener::Protocol;
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::command::reload;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::notify_socket::NotifySocket;
use crate::output::Output;
use crate::rules::Rules;
use crate::running_gateway::{Ended, Happening, RunningGateway};
use crate::system::{SystemClock, TokioExecutor};

/// What a program that reads along is told, one object a line.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event<'e> {
    Listening {
        protocol: &'static str,
        address: String,
        tls: bool,
    },
    Watching {
        folder: &'e str,
    },
    Ready,
    Stopping,
    Stopped,
}

/// Runs until a signal or a fault.
pub(crate) async fn run(folder: &Path, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    file.first_start()?;
    let rules = Rules::load(&file, SystemClock.now())?;
    // Before the ports open: whoever sees that they are open may send a signal.
    let mut signals = Signals::take().map_err(Failure::run)?;
    let manager = Arc::new(NotifySocket::of_environment().map_err(Failure::run)?);
    let mut gateway = RunningGateway::start(&file, &rules).await?;
    announce(&gateway, &file, output);
    manager.ready();
    watch(&manager, &gateway);
    let ended = loop {
        tokio::select! {
            happening = gateway.happens() => match happening {
                Happening::Ended(ended) => break Some(ended),
                Happening::Reloaded(answer) => {
                    reload::show(&answer, output);
                    manager.ready();
                }
            },
            _ = signals.terminate.recv() => break None,
            _ = signals.interrupt.recv() => break None,
            _ = signals.hangup.recv() => {
                manager.reloading();
                gateway.reload();
            }
        }
    };
    manager.stopping();
    output.document(&Event::Stopping);
    output.line("stopping: answering what came in");
    gateway.stop().await;
    output.document(&Event::Stopped);
    output.line("stopped");
    match ended {
        None => Ok(()),
        Some(Ended::Store(why)) => Err(Failure::Run(format!(
            "the store failed, so nothing more is acknowledged: {why}; start again to recover"
        ))),
        Some(Ended::Loop(why)) => Err(Failure::Run(why)),
    }
}

/// Tells the service manager of progress from now on, if it wants that.
fn watch(manager: &Arc<NotifySocket>, gateway: &RunningGateway) {
    let (manager, store) = (Arc::clone(manager), gateway.store());
    let executor = TokioExecutor::new();
    let task = async move { manager.watch(store, &executor).await };
    TokioExecutor::new().spawn("watchdog", Box::pin(task));
}

/// What the gateway is told by signals.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn take() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

fn announce(gateway: &RunningGateway, file: &ConfigFile, output: Output) {
    for listener in gateway.listening() {
        let address = listener.address.to_string();
        let (name, protocol) = match listener.protocol {
            Protocol::Mllp => ("MLLP", "mllp"),
            Protocol::Http => ("HTTP", "http"),
        };
        let over = if listener.tls { " over TLS" } else { "" };
        output.line(format!("listening for {name}{over} on {address}"));
        output.document(&Event::Listening {
            protocol,
            address,
            tls: listener.tls,
        });
    }
    for folder in &file.config.folders {
        let folder = folder.get_ref().name.as_str();
        output.line(format!("watching the folder {folder}"));
        output.document(&Event::Watching { folder });
    }
    output.document(&Event::Ready);
    let example = file.folder.join("messages");
    let mut listening = gateway.listening().iter();
    let tls = listening.find(|one| one.protocol == Protocol::Mllp && one.tls);
    let certificates = file.config.first_start.certificates.as_ref();
    if let (true, Some(tls), Some(certificates)) = (example.is_dir(), tls, certificates) {
        let ca = file.path(certificates).join("ca.pem");
        output.line(format!(
            "send it the example's messages from a second terminal:\n\n  \
             {} send --tls \\\n    --ca {} \\\n    {} {}/*.hl7\n\nCtrl-C ends the gateway.",
            std::env::args()
                .next()
                .unwrap_or_else(|| "isthmus".to_owned()),
            ca.display(),
            tls.address,
            example.display(),
        ));
    }
}
