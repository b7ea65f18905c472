//! Grouping: lays the segments of a message out on the tree of its structure.
//! What a group is made of is in `group_instance`, the structures are in `structure_definition` and
//! the walk along them is in `structure_walk`.

use crate::dictionary::nearest;
use crate::group_instance::{GroupChild, GroupInstance};
use crate::header::Header;
use crate::message::Message;
use crate::segment_name::SegmentName;
use crate::structure_definition::StructureDefinition;
use crate::structure_walk::Walk;

/// A message laid out on its structure. Every segment ordinal stands exactly once: in the tree or
/// among those out of place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouped {
    /// The structure used; none when the dictionary has none for the message. Then the tree is
    /// the flat list of all segments.
    pub structure: Option<&'static str>,
    /// The message itself as the outermost group; its name is that of the structure, or empty.
    pub root: GroupInstance,
    /// Segments, by ordinal, that the structure has no place for where they stand: local (`Z`)
    /// segments, wrong order, too many. They are part of the message all the same.
    pub out_of_place: Vec<u32>,
}

/// Groups a message by the structure its header names (MSH-9.3), else by the one that its type and
/// event have in its version (MSH-12).
pub fn group(message: &Message) -> Grouped {
    match structure_of(message) {
        Some(structure) => group_as(message, structure),
        None => Grouped {
            structure: None,
            root: GroupInstance {
                name: "",
                children: message
                    .segments()
                    .map(|segment| GroupChild::Segment(segment.ordinal()))
                    .collect(),
            },
            out_of_place: Vec::new(),
        },
    }
}

/// Groups a message by a structure of the caller's choice.
///
/// A segment goes to the nearest place that takes it: beside the segment before it, later in the
/// same group, in a new instance of that group, then the same one group further out. A required
/// segment that the message lacks is passed over; one that comes later is waited for. So a note
/// belongs to the segment it follows, and the next OBR begins the next order.
pub fn group_as(message: &Message, structure: &'static StructureDefinition) -> Grouped {
    let names: Vec<SegmentName> = message.segments().map(|segment| segment.name()).collect();
    let mut walk = Walk::new(structure.name, &structure.nodes);
    let mut out_of_place = Vec::new();
    for (ordinal, &name) in (0_u32..).zip(&names) {
        let following = names
            .get((ordinal as usize).saturating_add(1)..)
            .unwrap_or_default();
        if !walk.place(ordinal, name, following) {
            out_of_place.push(ordinal);
        }
    }
    Grouped {
        structure: Some(structure.name),
        root: walk.finish(),
        out_of_place,
    }
}

/// The structure that [`group`] uses for a message, if the dictionary has one.
pub fn structure_of(message: &Message) -> Option<&'static StructureDefinition> {
    let header = Header::of(message)?;
    let version = nearest(&header.version());
    let named = version.structure(&header.structure());
    if named.is_some() {
        return named;
    }
    let event = header.event();
    if !event.is_empty() {
        return version.structure_for(&header.message_type(), &event);
    }
    // Version 2.1 names the event in EVN-1 alone.
    let trigger = SegmentName::new(b"EVN").and_then(|name| message.first(name));
    let trigger = trigger
        .and_then(|segment| segment.field(1).value())
        .unwrap_or_default();
    version.structure_for(&header.message_type(), &trigger)
}
