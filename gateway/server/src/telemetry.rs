//! Logs: to standard error, text for people and JSON for programs; what may stand in them is kept
//! by the types (`Phi` has a masked form and no other).

use std::io::IsTerminal;

use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The environment variable that chooses what is logged, such as `isthmus=debug`.
const FILTER: &str = "ISTHMUS_LOG";

/// Libraries that log whole messages, at levels that people look at: nothing of theirs is shown.
/// What they report is told by the parts that use them.
const SILENT: [&str; 3] = ["lapin", "amq_protocol", "tcp_stream"];

/// Starts logging, of what is `usual` unless the environment says otherwise, and makes panics tell
/// their place without their words, which might quote a message.
pub(crate) fn start(json: bool, usual: &str) {
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_unset| EnvFilter::new(usual));
    let filter = filter.and(filter_fn(|metadata| {
        let name = metadata.target().split("::").next();
        !name.is_some_and(|name| SILENT.contains(&name))
    }));
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_writer(std::io::stderr);
    let layer = if json {
        layer.json().with_filter(filter).boxed()
    } else {
        layer.with_filter(filter).boxed()
    };
    // Fails only when logging was started already.
    drop(tracing_subscriber::registry().with(layer).try_init());
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location();
        tracing::error!(
            file = place.map(std::panic::Location::file),
            line = place.map(std::panic::Location::line),
            "a part of the gateway panicked"
        );
    }));
}
