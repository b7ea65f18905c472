//! What translation must know of each sender, from the configuration; recognising senders is
//! `isthmus_ingress`'s business.

use std::collections::BTreeMap;

use isthmus_core::id::SenderId;
use isthmus_mappings::sender_terms::SenderTerms;

use crate::config_file::ConfigFile;
use crate::failure::Failure;

/// The terms of every sender whose zone is known; the others were refused when the configuration
/// was read.
pub(crate) fn of(file: &ConfigFile) -> BTreeMap<SenderId, SenderTerms> {
    let senders = file.config.senders.iter().filter_map(|sender| {
        let sender = sender.get_ref();
        let zone = jiff::tz::TimeZone::get(&sender.zone).ok()?;
        let terms = SenderTerms {
            zone,
            charsets: sender.charset_rules(),
            structures: sender.structures.rules(),
            settings: BTreeMap::from([(
                "default-authority".to_owned(),
                sender.default_authority.clone(),
            )]),
        };
        Some((sender.id.clone(), terms))
    });
    senders.collect()
}

/// The sender of this id, or the first one of the configuration.
pub(crate) fn named(file: &ConfigFile, id: Option<&str>) -> Result<SenderId, Failure> {
    let senders = file.config.senders.iter();
    let senders: Vec<&SenderId> = senders.map(|sender| &sender.get_ref().id).collect();
    let mut all = senders.iter().copied();
    let found = match id {
        Some(id) => all.find(|sender| sender.as_str() == id),
        None => all.next(),
    };
    found.cloned().ok_or_else(|| {
        let known: Vec<&str> = senders.iter().map(|id| id.as_str()).collect();
        let known = known.join(", ");
        Failure::Usage(format!(
            "the configuration has no such sender; its senders are: {known}"
        ))
    })
}
