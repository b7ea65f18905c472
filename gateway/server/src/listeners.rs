//! Senders and listeners as the configuration states them: what is wrong with them is shown at
//! their place in `isthmus.toml`. What they do once they run is the business of `isthmus_ingress`.

use std::ops::Range;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::id::SenderId;
use isthmus_ingress::error::IngressError;
use isthmus_ingress::listener_config::ListenerConfig;
use isthmus_ingress::sender_binding::SenderTable;
use isthmus_ingress::terms::Terms;
use isthmus_ingress::tls::server_config;
use rustls::ServerConfig;
use toml::Spanned;

use crate::answer_routes;
use crate::causes::with_causes;
use crate::config_file::{ConfigFile, LISTENER, SENDER};
use crate::failure::Failure;
use crate::profiles;
use crate::rules::Rules;

/// What is wrong with the senders and the listeners as of `now`; opens no port.
pub(crate) fn check(file: &ConfigFile, now: Timestamp) -> Result<(), Failure> {
    let mut problems = Vec::new();
    match table(file) {
        Ok(_senders) => {}
        Err(Failure::Configuration(wrong)) => problems.extend(wrong),
        Err(failure) => return Err(failure),
    }
    problems.extend(answer_routes::routes(file, now).err().into_iter().flatten());
    problems.extend(unusable_listeners(file, now));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::Configuration(problems))
    }
}

/// What messages are let in by: all senders, checked against one another, and these rules' maps.
pub(crate) fn terms(file: &ConfigFile, rules: &Rules, now: Timestamp) -> Result<Terms, Failure> {
    let senders = table(file)?;
    let routes = answer_routes::routes(file, now).map_err(Failure::Configuration)?;
    let library = Arc::clone(&rules.library);
    Ok(Terms {
        senders,
        routes,
        mapped: Arc::new(move |sender, code, event| {
            library.for_event(sender.as_str(), code, event).is_some()
        }),
    })
}

/// What each listener speaks TLS by, in the configuration's order; none for plain ones.
pub(crate) fn tls(file: &ConfigFile, now: Timestamp) -> Result<Vec<Option<ServerConfig>>, Failure> {
    let read = file.config.listeners().map(|(_, listener)| {
        let config = with_paths(file, listener.get_ref());
        let tls = config.tls.as_ref().map(|tls| server_config(tls, now));
        tls.transpose()
            .map_err(|error| unusable(file, listener, &error))
    });
    read.collect()
}

/// A listener's configuration with its paths counted from the configuration's folder.
pub(crate) fn with_paths(file: &ConfigFile, config: &ListenerConfig) -> ListenerConfig {
    let mut config = config.clone();
    if let Some(tls) = &mut config.tls {
        tls.certificate = file.path(&tls.certificate);
        tls.key = file.path(&tls.key);
        tls.client_authorities = tls.client_authorities.as_ref().map(|path| file.path(path));
    }
    config
}

/// The failure of a listener that does not start, at its place.
pub(crate) fn unusable(
    file: &ConfigFile,
    listener: &Spanned<ListenerConfig>,
    error: &IngressError,
) -> Failure {
    Failure::Configuration(vec![at_listener(file, listener, error)])
}

fn at_listener(
    file: &ConfigFile,
    listener: &Spanned<ListenerConfig>,
    error: &IngressError,
) -> Diagnostic {
    let problem = file.error(&listener.span(), LISTENER, with_causes(error));
    let help = match error {
        IngressError::OverBudget { .. } => {
            "lower one of the two in the listener's `bounds`, or raise `messages_mb` in [limits]"
        }
        IngressError::Listen { .. } => {
            "name an address of this machine and a port that nothing listens on"
        }
        IngressError::CertificateExpired { .. } => {
            "install a renewed one; `isthmus reload` takes it over"
        }
        // Their texts say how to mend them.
        IngressError::SenderTwice { .. }
        | IngressError::SenderUnproved { .. }
        | IngressError::SenderKey { .. }
        | IngressError::SendersAlike { .. }
        | IngressError::PlainListener { .. }
        | IngressError::PlainAndTls { .. }
        | IngressError::Bound { .. }
        | IngressError::FolderKey { .. }
        | IngressError::Folder { .. }
        | IngressError::Pem { .. }
        | IngressError::NoCertificate { .. }
        | IngressError::Certificate { .. }
        | IngressError::CertificateEarly { .. }
        | IngressError::KeyMismatch { .. }
        | IngressError::ClientCertificates { .. }
        | IngressError::AnswerRoute { .. }
        | IngressError::Tls { .. } => return problem,
    };
    problem.with_help(help)
}

/// Addresses, bounds, certificates and keys.
fn unusable_listeners(file: &ConfigFile, now: Timestamp) -> Vec<Diagnostic> {
    let wrong = file.config.listeners().filter_map(|(_, listener)| {
        let config = with_paths(file, listener.get_ref());
        let tls = || {
            config
                .tls
                .as_ref()
                .map_or(Ok(()), |tls| server_config(tls, now).map(drop))
        };
        let error = config
            .check(file.config.limits.message_bytes())
            .and_then(|()| tls())
            .err()?;
        Some(at_listener(file, listener, &error))
    });
    wrong.collect()
}

fn table(file: &ConfigFile) -> Result<SenderTable, Failure> {
    let (senders, mut problems) = profiles::senders(file)?;
    match SenderTable::new(senders) {
        Ok(table) if problems.is_empty() => Ok(table),
        Ok(_) => Err(Failure::Configuration(problems)),
        Err(error) => {
            let place = named(&error).and_then(|id| place(file, id));
            let place = place.unwrap_or(0..0);
            problems.push(file.error(&place, SENDER, with_causes(&error)));
            Err(Failure::Configuration(problems))
        }
    }
}

/// The sender that an error is about.
fn named(error: &IngressError) -> Option<&SenderId> {
    match error {
        IngressError::SenderTwice { id }
        | IngressError::SenderUnproved { id }
        | IngressError::SenderKey { id, .. } => Some(id),
        IngressError::SendersAlike { other, .. } => Some(other),
        IngressError::PlainListener { .. }
        | IngressError::PlainAndTls { .. }
        | IngressError::Bound { .. }
        | IngressError::FolderKey { .. }
        | IngressError::Folder { .. }
        | IngressError::OverBudget { .. }
        | IngressError::Listen { .. }
        | IngressError::Pem { .. }
        | IngressError::NoCertificate { .. }
        | IngressError::Certificate { .. }
        | IngressError::CertificateExpired { .. }
        | IngressError::CertificateEarly { .. }
        | IngressError::KeyMismatch { .. }
        | IngressError::ClientCertificates { .. }
        | IngressError::AnswerRoute { .. }
        | IngressError::Tls { .. } => None,
    }
}

fn place(file: &ConfigFile, id: &SenderId) -> Option<Range<usize>> {
    let mut senders = file.config.senders.iter();
    let sender = senders.find(|sender| sender.get_ref().id == *id)?;
    Some(sender.span())
}
