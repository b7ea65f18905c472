//! What translation must know of each sender, from the configuration; recognising senders is
//! `isthmus_ingress`'s business.

use std::collections::BTreeMap;

use isthmus_core::id::SenderId;
use isthmus_hl7v2::charset::Charset;
use isthmus_mappings::message_translator::SenderTerms;

use crate::config_file::ConfigFile;

/// The terms of every sender whose zone and charset are known; the others were refused when the
/// configuration was read.
pub(crate) fn of(file: &ConfigFile) -> BTreeMap<SenderId, SenderTerms> {
    let senders = file.config.senders.iter().filter_map(|sender| {
        let sender = sender.get_ref();
        let zone = jiff::tz::TimeZone::get(&sender.zone).ok()?;
        let default_charset = Charset::named(&sender.default_charset)?;
        let terms = SenderTerms {
            zone,
            default_charset,
            settings: BTreeMap::from([(
                "default-authority".to_owned(),
                sender.default_authority.clone(),
            )]),
        };
        Some((sender.id.clone(), terms))
    });
    senders.collect()
}
