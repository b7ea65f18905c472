//! The rows of a flow of messages by segment, so that a message is rebuilt in one walk; the walk
//! itself is in `message_projector`.

use std::collections::BTreeMap;

use isthmus_hl7v2::segment_name::SegmentName;

use crate::privacy::message_grant::MessageGrant;
use crate::privacy::message_row::MessageRow;

/// What may be sent on of messages.
#[derive(Debug, Default)]
pub(in crate::privacy) struct MessageProjection {
    /// As `ADT^A01`.
    events: Vec<String>,
    grants: BTreeMap<SegmentName, Vec<MessageGrant>>,
}

impl MessageProjection {
    /// The projection of these rows for these events.
    pub(in crate::privacy) fn of(rows: &[MessageRow], events: &[String]) -> Self {
        let mut grants: BTreeMap<SegmentName, Vec<MessageGrant>> = BTreeMap::new();
        for grant in rows.iter().flat_map(|row| &row.grants) {
            grants.entry(grant.segment).or_default().push(grant.clone());
        }
        Self {
            events: events.to_vec(),
            grants,
        }
    }

    /// Whether messages of this type and trigger event are sent on.
    pub(in crate::privacy) fn admits(&self, message_type: &str, event: &str) -> bool {
        let same = |own: &String| own.split_once('^') == Some((message_type, event));
        self.events.iter().any(same)
    }

    /// What is granted of a segment.
    pub(in crate::privacy) fn of_segment(&self, name: SegmentName) -> &[MessageGrant] {
        self.grants
            .get(&name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}
