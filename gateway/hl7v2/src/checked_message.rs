//! `CheckedMessage`, a message with what is counted of it once, for all rules of a profile. The
//! rules are followed in `profile_check` and `profile_fields`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::dictionary::Version;
use crate::header::Header;
use crate::location::Location;
use crate::message::{Message, Segment};
use crate::profile::MessageProfile;
use crate::profile_groups::Instances;
use crate::segment_name::SegmentName;

/// A message that is held against a profile.
pub(crate) struct CheckedMessage<'c> {
    pub(crate) message: &'c Message,
    pub(crate) version: &'static Version,
    pub(crate) part: &'c MessageProfile,
    /// Which segment of its name each segment is, from 1.
    pub(crate) occurrences: &'c [u32],
    /// The groups; nothing when no rule asks for them.
    pub(crate) instances: Instances,
}

/// Which segment of its name each segment is, from 1.
pub(crate) fn occurrences(message: &Message) -> Vec<u32> {
    let mut seen: BTreeMap<SegmentName, u32> = BTreeMap::new();
    let count = |segment: Segment<'_>| {
        let count = seen.entry(segment.name()).or_default();
        *count = count.saturating_add(1);
        *count
    };
    message.segments().map(count).collect()
}

/// The event of a message: MSH-9.2, and EVN-1 where version 2.1 has no other place for it.
pub(crate) fn event_of(message: &Message) -> Cow<'_, str> {
    let header = Header::of(message);
    let event = header.map(|header| header.event()).unwrap_or_default();
    if !event.is_empty() {
        return event;
    }
    let trigger = SegmentName::new(b"EVN").and_then(|name| message.first(name));
    trigger
        .and_then(|segment| segment.field(1).value())
        .unwrap_or_default()
}

impl CheckedMessage<'_> {
    /// The place of a segment by its ordinal.
    pub(crate) fn place(&self, ordinal: u32) -> Location {
        let segment = self.message.segment(ordinal as usize);
        let name = segment.map_or(SegmentName::MSH, |segment| segment.name());
        let occurrence = self.occurrences.get(ordinal as usize);
        Location::segment(name, occurrence.copied().unwrap_or(1))
    }

    /// Where the next segment of a name would stand that comes up to the end of `last`.
    pub(crate) fn next_place(&self, name: SegmentName, last: u32) -> Location {
        let up_to = (last as usize).saturating_add(1);
        let before = self.message.segments().take(up_to);
        let before = before.filter(|segment| segment.name() == name).count();
        let occurrence = u32::try_from(before).unwrap_or(u32::MAX);
        Location::segment(name, occurrence.saturating_add(1))
    }
}
