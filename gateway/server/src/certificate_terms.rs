//! Warns of certificates that end soon: at a start, at a reload, in `check`, and once a day. One
//! that has ended is refused where it is loaded.

use std::ops::Range;
use std::path::PathBuf;

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::{Code, Diagnostic, Explanation};
use isthmus_ingress::certificate_term::first_end;

use crate::config::DestinationConfig;
use crate::config_file::ConfigFile;

/// A certificate that ends soon.
const ENDS_SOON: Code = Code::new("C009");

/// The code, explained.
pub(crate) const CODES: &[Explanation] = &[Explanation {
    code: ENDS_SOON,
    title: "a certificate that ends soon",
    text: "A certificate that a listener or a destination uses ends within 30 days, or one of an \
           authority has. After its end, connections are refused. Install a renewed one and let \
           `isthmus reload` take it over: connections that are open go on.",
}];

/// How long before its end a certificate is warned of, in days.
const WARN_DAYS: i64 = 30;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// The certificates of a configuration that end within 30 days of `now`.
pub(crate) fn soon(file: &ConfigFile, now: Timestamp) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for (at, key, path) in named(file) {
        // One that cannot be read is told where it is loaded.
        let Ok(ends) = first_end(key, &path) else {
            continue;
        };
        let left = ends.unix_millis().saturating_sub(now.unix_millis());
        let days = left.div_euclid(DAY_MILLIS);
        let when = match days {
            ..0 => "has ended".to_owned(),
            0 => "ends today".to_owned(),
            1 => "ends in 1 day".to_owned(),
            2..=WARN_DAYS => format!("ends in {days} days"),
            _ => continue,
        };
        let text = format!("{key} {} {when}, on {}", path.display(), ends.day());
        let warning = file.error(&at, ENDS_SOON, text).as_warning();
        warnings.push(warning.with_help("install a renewed one; `isthmus reload` takes it over"));
    }
    warnings
}

/// Every file of certificates that a configuration names, with its place and key.
fn named(file: &ConfigFile) -> Vec<(Range<usize>, &'static str, PathBuf)> {
    let mut named = Vec::new();
    for (_, listener) in file.config.listeners() {
        if let Some(tls) = &listener.get_ref().tls {
            named.push((listener.span(), "certificate", file.path(&tls.certificate)));
            let authorities = tls.client_authorities.iter();
            named.extend(
                authorities.map(|path| (listener.span(), "client_authorities", file.path(path))),
            );
        }
    }
    for destination in &file.config.destinations {
        let (own, trusted) = match destination.get_ref() {
            DestinationConfig::Webhook(config) => (&config.client_certificate, &config.authorities),
            DestinationConfig::Mllp(config) => (&config.client_certificate, &config.authorities),
            DestinationConfig::NdjsonFolder(_)
            | DestinationConfig::Amqp(_)
            | DestinationConfig::Files(_) => continue,
        };
        let own = own.iter().map(|path| ("client_certificate", path));
        let both = own.chain(trusted.iter().map(|path| ("authorities", path)));
        named.extend(both.map(|(key, path)| (destination.span(), key, file.path(path))));
    }
    if let Some(broker) = file.config.rabbitmq.as_ref() {
        let broker = broker.get_ref();
        let own = broker
            .client_certificate
            .iter()
            .map(|path| ("client_certificate", path));
        let trusted = broker.authorities.iter().map(|path| ("authorities", path));
        let both = own.chain(trusted);
        named.extend(both.map(|(key, path)| (path.span(), key, file.path(path.get_ref()))));
    }
    named
}

/// Writes what ends soon into the log.
pub(crate) fn warn(file: &ConfigFile, now: Timestamp) {
    for warning in soon(file, now) {
        tracing::warn!(code = ENDS_SOON.text(), "{}", warning.message);
    }
}
