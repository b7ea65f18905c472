//! Grouping: lays the segments of a message out on the tree of its structure.
//! What a group is made of is in `group_instance`, the structures are in `structure_definition`,
//! the walk along them is in `structure_walk` and what it can find in `finding`.

use crate::dictionary::{nearest, version, versions};
use crate::finding::Finding;
use crate::group_instance::{GroupChild, GroupInstance};
use crate::grouping_rules::GroupingRules;
use crate::header::Header;
use crate::message::Message;
use crate::segment_name::SegmentName;
use crate::structure_back_off::walk;
use crate::structure_definition::StructureDefinition;
use crate::structure_tree::Builder;
use crate::structure_walk::Layout;

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
    /// segments that nobody defined, wrong order, too many. They are part of the message all the
    /// same.
    pub out_of_place: Vec<u32>,
    /// What the structure does not foresee, in message order: why each segment out of place is so,
    /// what is missing, and what could be read otherwise.
    pub findings: Vec<Finding>,
    /// How many places of the structure were looked at: the work done, which grows with the length
    /// of the message and no faster.
    pub steps: u64,
}

static NO_RULES: GroupingRules = GroupingRules::none();

/// Groups a message by the structure its header names (MSH-9.3), else by the one that its type and
/// event have in its version (MSH-12).
pub fn group(message: &Message) -> Grouped {
    group_with(message, &NO_RULES)
}

/// Groups a message as [`group`] does, by the rules of its sender.
pub fn group_with(message: &Message, rules: &GroupingRules) -> Grouped {
    match structure_with(message, rules) {
        Some(structure) => group_as_with(message, structure, rules),
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
            findings: Vec::new(),
            steps: 0,
        },
    }
}

/// Groups a message by a structure of the caller's choice.
///
/// A segment goes to the nearest place that takes it: beside the segment before it, later in the
/// same group, in a new instance of that group, then the same one group further out. So a note
/// belongs to the segment it follows, and the next OBR begins the next order. When there is no such
/// place, or going there leaves something required behind, the latest choice that another place was
/// open for is taken back, if all after it fits then. Only then is a required segment that the
/// message lacks passed over; one that comes later is waited for.
pub fn group_as(message: &Message, structure: &StructureDefinition) -> Grouped {
    group_as_with(message, structure, &NO_RULES)
}

/// Groups a message as [`group_as`] does, by the rules of its sender.
pub fn group_as_with(
    message: &Message,
    structure: &StructureDefinition,
    rules: &GroupingRules,
) -> Grouped {
    let names: Vec<SegmentName> = message.segments().map(|segment| segment.name()).collect();
    let layout = Layout {
        structure,
        rules,
        names: &names,
    };
    let done = walk(layout);
    let mut builder = Builder::new(layout);
    for (ordinal, &decision) in (0_u32..).zip(&done.decisions) {
        builder.add(ordinal, decision);
    }
    let (root, findings) = builder.finish();
    let misplaced = findings.iter().filter(|one| one.kind.is_out_of_place());
    Grouped {
        structure: Some(structure.name),
        root,
        out_of_place: misplaced.map(|one| one.ordinal).collect(),
        findings,
        steps: done.search.steps,
    }
}

/// The structure that [`group_with`] uses for a message: the one its sender's rules name, in the
/// message's version or else the newest that has it; without a rule that of [`structure_of`].
pub fn structure_with(
    message: &Message,
    rules: &GroupingRules,
) -> Option<&'static StructureDefinition> {
    if rules.is_empty() {
        return structure_of(message);
    }
    let header = Header::of(message)?;
    let Some(name) = rules.structure_name(&header.message_type(), &header.event()) else {
        return structure_of(message);
    };
    let newest_first = versions().iter().rev().filter_map(|id| version(id));
    let own = nearest(&header.version());
    let mut all = std::iter::once(own).chain(newest_first);
    all.find_map(|version| version.structure(name))
}

/// The structure that [`structure_with`] finds, or for events that the message's version does not
/// have, the one of the newest version that knows them.
pub fn structure_or_newest(
    message: &Message,
    rules: &GroupingRules,
) -> Option<&'static StructureDefinition> {
    structure_with(message, rules).or_else(|| {
        let header = Header::of(message)?;
        let (code, event) = (header.message_type(), header.event());
        let mut newest_first = versions().iter().rev().filter_map(|id| version(id));
        newest_first.find_map(|version| version.structure_for(&code, &event))
    })
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
