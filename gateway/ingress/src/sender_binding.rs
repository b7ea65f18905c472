//! `SenderTable`, which sender a peer is: its certificate and network give the candidates, the
//! names in MSH-3 and MSH-4 pick one of them. What the sender may send is checked in `admission`.

use std::sync::Arc;

use isthmus_core::id::SenderId;
use isthmus_hl7v2::charset::Charset;

use crate::error::IngressError;
use crate::network::Network;
use crate::peer::{CertificateName, Peer};
use crate::sender::{Authorities, Sender};

/// All configured senders, checked against one another.
#[derive(Debug)]
pub struct SenderTable {
    senders: Vec<Arc<Sender>>,
}

/// Which of the candidates a message's names pick.
#[derive(Debug)]
pub enum Choice<'c> {
    /// Exactly this one.
    One(&'c Arc<Sender>),
    /// None: the names are not theirs.
    None,
    /// Several, so that nobody can say which.
    Several,
}

impl SenderTable {
    /// Checks the senders one by one and against one another.
    ///
    /// # Errors
    /// A sender that nothing proves, that is named in no way or by a wildcard, or that one peer
    /// could pass off as another.
    pub fn new(senders: Vec<Sender>) -> Result<Self, IngressError> {
        for sender in &senders {
            check(sender)?;
        }
        for (place, one) in senders.iter().enumerate() {
            for other in senders.iter().skip(place.saturating_add(1)) {
                compare(one, other)?;
            }
        }
        let senders = senders.into_iter().map(Arc::new).collect();
        Ok(Self { senders })
    }

    /// The senders that this peer may be, by certificate and network.
    pub fn candidates(&self, peer: &Peer) -> Vec<Arc<Sender>> {
        let proved = self.senders.iter().filter(|sender| proves(peer, sender));
        proved.map(Arc::clone).collect()
    }

    /// The sender of this id.
    pub fn named(&self, id: &SenderId) -> Option<&Arc<Sender>> {
        self.senders.iter().find(|sender| sender.id == *id)
    }

    /// The senders whose files come in by this folder.
    pub fn in_folder(&self, name: &str) -> Vec<Arc<Sender>> {
        let is_bound = |sender: &&Arc<Sender>| sender.folders.iter().any(|own| own == name);
        self.senders
            .iter()
            .filter(is_bound)
            .map(Arc::clone)
            .collect()
    }

    /// The senders to whom this sending application and facility belong; for the alarm when
    /// another peer claims them.
    pub fn owners<'t>(
        &'t self,
        application: &'t str,
        facility: &'t str,
    ) -> impl Iterator<Item = &'t SenderId> {
        self.senders
            .iter()
            .filter(move |sender| sender.may_name(application, facility))
            .map(|sender| &sender.id)
    }
}

/// Picks the candidate that may use these names.
pub fn choose<'c>(
    candidates: impl Iterator<Item = &'c Arc<Sender>>,
    application: &str,
    facility: &str,
) -> Choice<'c> {
    let mut named = candidates.filter(|sender| sender.may_name(application, facility));
    match (named.next(), named.next()) {
        (Some(one), None) => Choice::One(one),
        (None, _) => Choice::None,
        (Some(_), Some(_)) => Choice::Several,
    }
}

fn proves(peer: &Peer, sender: &Sender) -> bool {
    let stated = may_connect(sender);
    let certificate = sender.certificates.is_empty()
        || sender
            .certificates
            .iter()
            .any(|name| peer.certificate.contains(name));
    let network = sender.networks.is_empty()
        || sender
            .networks
            .iter()
            .any(|network| network.contains(peer.address));
    stated && certificate && network
}

/// Whether a peer on a connection can be this sender; else it sends files alone.
fn may_connect(sender: &Sender) -> bool {
    !sender.certificates.is_empty() || !sender.networks.is_empty()
}

fn check(sender: &Sender) -> Result<(), IngressError> {
    let fault = |key, problem| {
        let id = sender.id.clone();
        Err(IngressError::SenderKey { id, key, problem })
    };
    if !may_connect(sender) && sender.folders.is_empty() {
        return Err(IngressError::SenderUnproved {
            id: sender.id.clone(),
        });
    }
    for (key, names) in [
        ("applications", &sender.applications),
        ("facilities", &sender.facilities),
    ] {
        if names.is_empty() {
            return fault(
                key,
                "is empty; list the names that it sends, \"\" for an empty field",
            );
        }
        if names.iter().any(|name| name.contains('*')) {
            return fault(key, "has a wildcard; list each name that it sends");
        }
    }
    if sender.events.is_empty() {
        return fault("events", "is empty; list the messages that it may send");
    }
    if let Authorities::Listed(names) = &sender.authorities
        && (names.is_empty()
            || names
                .iter()
                .any(|name| name.is_empty() || name.contains('*')))
    {
        return fault(
            "authorities",
            "is empty or has an empty name or a wildcard; list each, or write \"any\"",
        );
    }
    if sender.default_authority.is_empty() {
        return fault("default_authority", "is empty; name the authority");
    }
    if jiff::tz::TimeZone::get(&sender.zone).is_err() {
        return fault(
            "zone",
            "is no IANA time zone; write one such as Europe/Berlin",
        );
    }
    for (key, name) in [
        ("default_charset", Some(&sender.default_charset)),
        ("charset_override", sender.charset_override.as_ref()),
    ] {
        let is_known = |name: &String| !name.trim().is_empty() && Charset::named(name).is_some();
        if name.is_some_and(|name| !is_known(name)) {
            return fault(
                key,
                "is not in HL7 table 0211; write one such as UNICODE UTF-8",
            );
        }
    }
    Ok(())
}

/// Refuses two senders that one peer could both be under one pair of names.
fn compare(one: &Sender, other: &Sender) -> Result<(), IngressError> {
    if one.id == other.id {
        return Err(IngressError::SenderTwice { id: one.id.clone() });
    }
    let shared = |one: &[String], other: &[String]| one.iter().any(|name| other.contains(name));
    let named_alike = shared(&one.applications, &other.applications)
        && shared(&one.facilities, &other.facilities);
    let meet_on_a_connection = may_connect(one)
        && may_connect(other)
        && certificates_meet(&one.certificates, &other.certificates)
        && networks_meet(&one.networks, &other.networks);
    let meet_in_a_folder = shared(&one.folders, &other.folders);
    if named_alike && (meet_on_a_connection || meet_in_a_folder) {
        let (one, other) = (one.id.clone(), other.id.clone());
        return Err(IngressError::SendersAlike { one, other });
    }
    Ok(())
}

/// Whether one peer can be expected to meet both lists. A single certificate with names of both
/// is not foreseen here; `choose` refuses it when it comes.
fn certificates_meet(one: &[CertificateName], other: &[CertificateName]) -> bool {
    one.is_empty() || other.is_empty() || one.iter().any(|name| other.contains(name))
}

fn networks_meet(one: &[Network], other: &[Network]) -> bool {
    let meets = |network: &Network| other.iter().any(|other| network.overlaps(other));
    one.is_empty() || other.is_empty() || one.iter().any(meets)
}
