//! Where application acknowledgements go, as the configuration states it for each sender: what is
//! wrong is shown at the sender, and files are counted from the configuration's folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::id::SenderId;
use isthmus_ingress::answer_route::{AnswerRoute, AnswerRouteConfig};

use crate::causes::with_causes;
use crate::config_file::{ConfigFile, SENDER};

/// The routes of the senders that state one; or all that is wrong with them.
pub(crate) fn routes(
    file: &ConfigFile,
    now: Timestamp,
) -> Result<BTreeMap<SenderId, Arc<AnswerRoute>>, Vec<Diagnostic>> {
    let (mut routes, mut problems) = (BTreeMap::new(), Vec::new());
    for sender in &file.config.senders {
        let stated = sender.get_ref();
        let config = with_paths(file, &stated.application_acknowledgements);
        match AnswerRoute::of(&config, now) {
            Ok(Some(route)) => drop(routes.insert(stated.id.clone(), Arc::new(route))),
            Ok(None) => {}
            Err(error) => {
                let text = format!("sender {}: {}", stated.id, with_causes(&error));
                problems.push(file.error(&sender.span(), SENDER, text));
            }
        }
    }
    if problems.is_empty() {
        Ok(routes)
    } else {
        Err(problems)
    }
}

/// The files of certificates that a sender's route names, with their keys.
pub(crate) fn certificates(
    file: &ConfigFile,
    config: &AnswerRouteConfig,
) -> Vec<(&'static str, PathBuf)> {
    let Some(tls) = with_paths(file, config).tls else {
        return Vec::new();
    };
    let own = tls.certificate.map(|path| ("certificate", path));
    own.into_iter()
        .chain([("authorities", tls.authorities)])
        .collect()
}

fn with_paths(file: &ConfigFile, config: &AnswerRouteConfig) -> AnswerRouteConfig {
    let mut config = config.clone();
    if let Some(tls) = &mut config.tls {
        tls.authorities = file.path(&tls.authorities);
        tls.certificate = tls.certificate.as_ref().map(|path| file.path(path));
        tls.key = tls.key.as_ref().map(|path| file.path(path));
    }
    config
}
