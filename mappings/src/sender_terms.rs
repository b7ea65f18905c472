//! `SenderTerms`, what translation must know of a sender; how it is used is up to the maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use isthmus_hl7v2::charset_rules::CharsetRules;
use isthmus_hl7v2::grouping_rules::GroupingRules;
use jiff::tz::TimeZone;

use crate::context::RunContext;

/// What translation must know of a sender.
#[derive(Debug, Clone)]
pub struct SenderTerms {
    /// The zone of times without an offset.
    pub zone: TimeZone,
    /// How its messages are decoded.
    pub charsets: CharsetRules,
    /// Which structures its messages have, where MSH-9 does not tell.
    pub structures: Arc<GroupingRules>,
    /// What `setting("name")` gives.
    pub settings: BTreeMap<String, String>,
}

impl SenderTerms {
    /// Tells a run what it may know of the sender.
    pub(crate) fn tell(&self, context: &mut RunContext) {
        context.zone = Some(self.zone.clone());
        context.structures = Arc::clone(&self.structures);
        context.settings.clone_from(&self.settings);
    }
}
