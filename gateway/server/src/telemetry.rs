//! Logs: to standard error, text for people and JSON for programs; what may stand in them is kept
//! by the types (`Phi` has a masked form and no other).

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The environment variable that chooses what is logged, such as `isthmus=debug`.
const FILTER: &str = "ISTHMUS_LOG";

/// What is never logged, whatever the environment says: the broker's crate writes whole messages
/// into its lines, a returned one even as a warning.
const SILENT: &str = "lapin";

/// Starts logging, of what is `usual` unless the environment says otherwise, and makes panics tell
/// their place without their words, which might quote a message.
pub(crate) fn start(json: bool, usual: &str) {
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_unset| EnvFilter::new(usual));
    let colour = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_target(false)
        .with_writer(std::io::stderr);
    // Fails only when logging was started already.
    let heard = filter_fn(|metadata| !metadata.target().starts_with(SILENT));
    drop(if json {
        builder.json().finish().with(heard).try_init()
    } else {
        builder.finish().with(heard).try_init()
    });
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location();
        tracing::error!(
            file = place.map(std::panic::Location::file),
            line = place.map(std::panic::Location::line),
            "a part of the gateway panicked"
        );
    }));
}
