//! What a running gateway cannot change about itself: such a change in a configuration that was
//! read anew is told, at its place, and never ignored; what can change is taken over in `reload`.

use isthmus_core::diagnostic::Diagnostic;
use isthmus_ingress::listener_config::ListenerConfig;
use toml::Spanned;

use crate::config::DestinationConfig;
use crate::config_file::ConfigFile;
use crate::folders;

/// Every difference between what runs and what was read that needs a restart.
pub(crate) fn changes(running: &ConfigFile, read: &ConfigFile) -> Vec<Diagnostic> {
    let (old, new) = (&running.config, &read.config);
    let mut changes = Vec::new();
    let mut table = |is_same: bool, head: &str| {
        if !is_same {
            let text = format!("a change in {head} needs a restart");
            changes.push(read.needs_restart(head, &text));
        }
    };
    table(old.store == new.store, "[store]");
    table(old.rabbitmq == new.rabbitmq, "[rabbitmq]");
    table(old.ledger == new.ledger, "[ledger]");
    table(old.limits == new.limits, "[limits]");
    table(old.admin == new.admin, "[admin]");
    table(old.first_start == new.first_start, "[first_start]");
    changes.extend(listener_changes(&old.mllp, read, &new.mllp, "[[mllp]]"));
    changes.extend(listener_changes(&old.http, read, &new.http, "[[http]]"));
    changes.extend(folders::changes(running, read));
    changes.extend(destination_changes(running, read));
    changes
}

/// A listener keeps its place in the file, its address, its bounds, and whether it speaks TLS.
fn listener_changes(
    old: &[Spanned<ListenerConfig>],
    read: &ConfigFile,
    new: &[Spanned<ListenerConfig>],
    head: &str,
) -> Vec<Diagnostic> {
    let mut changes = Vec::new();
    for (place, one) in new.iter().enumerate() {
        match old.get(place) {
            Some(other) if is_same_port(one.get_ref(), other.get_ref()) => {}
            Some(_other) => {
                let text = "another address, reason, bound or kind of a listener needs a restart; \
                            so does another order of listeners";
                changes.push(read.changed(&one.span(), text));
            }
            None => changes.push(read.changed(&one.span(), "a new listener needs a restart")),
        }
    }
    if new.len() < old.len() {
        let text = "taking a listener away needs a restart";
        changes.push(read.needs_restart(head, text));
    }
    changes
}

fn is_same_port(one: &ListenerConfig, other: &ListenerConfig) -> bool {
    let port = |config: &ListenerConfig| ListenerConfig {
        tls: None,
        ..config.clone()
    };
    one.tls.is_some() == other.tls.is_some() && port(one) == port(other)
}

/// A destination keeps all but the files that it names.
fn destination_changes(running: &ConfigFile, read: &ConfigFile) -> Vec<Diagnostic> {
    let (old, new) = (&running.config.destinations, &read.config.destinations);
    let mut changes = Vec::new();
    for one in new {
        let recipient = one.get_ref().recipient();
        let other = old
            .iter()
            .find(|other| other.get_ref().recipient() == recipient);
        match other {
            Some(other) if is_same_door(one.get_ref(), other.get_ref()) => {}
            Some(_other) => {
                let text = format!(
                    "a destination that changes in more than its secrets and certificates needs a \
                     restart: {recipient}"
                );
                changes.push(read.changed(&one.span(), &text));
            }
            None => {
                let text = format!("a new destination needs a restart: {recipient}");
                changes.push(read.changed(&one.span(), &text));
            }
        }
    }
    for gone in old {
        let recipient = gone.get_ref().recipient();
        if !new.iter().any(|one| one.get_ref().recipient() == recipient) {
            let text = format!("taking a destination away needs a restart: {recipient}");
            changes.push(read.needs_restart("[[destination]]", &text));
        }
    }
    changes
}

fn is_same_door(one: &DestinationConfig, other: &DestinationConfig) -> bool {
    match (one, other) {
        (DestinationConfig::Webhook(one), DestinationConfig::Webhook(other)) => {
            let mut other = other.clone();
            other.secrets.clone_from(&one.secrets);
            other.authorities.clone_from(&one.authorities);
            other.client_certificate.clone_from(&one.client_certificate);
            other.client_key.clone_from(&one.client_key);
            *one == other
        }
        (DestinationConfig::Files(one), DestinationConfig::Files(other)) => {
            let mut other = other.clone();
            other.host_keys.clone_from(&one.host_keys);
            other.ssh_key.clone_from(&one.ssh_key);
            *one == other
        }
        (one, other) => one == other,
    }
}
