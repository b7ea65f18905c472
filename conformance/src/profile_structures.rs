//! The structures that the events of a part of a profile have, and whether segments and groups have
//! a place in them. What is asked of them is read in `profile_rows`.

use isthmus_hl7v2::dictionary::Version;
use isthmus_hl7v2::profile::EventPattern;
use isthmus_hl7v2::segment_name::SegmentName;
use isthmus_hl7v2::structure_definition::{StructureDefinition, StructureNode};

use crate::profile_codes::{NOT_THERE, VALUE_FORM};
use crate::profile_table::{Complaints, Placed};

/// The structures of a part.
#[derive(Debug)]
pub(crate) struct Structures {
    /// Those of events that are named one by one: what is ruled has to be in each.
    named: Vec<&'static StructureDefinition>,
    /// Those of all events of a type: what is ruled has to be in one of them.
    of_types: Vec<&'static StructureDefinition>,
}

/// A structure that lacks something, by its name; none stands for all of them.
struct Lacking(Option<&'static str>);

impl Lacking {
    fn says(&self, what: &str) -> String {
        match self.0 {
            Some(name) => format!("{name} has no {what}"),
            None => format!("no structure of these events has a {what}"),
        }
    }
}

/// What stands directly in one group of a structure.
struct Inside {
    path: Vec<&'static str>,
    nodes: &'static [StructureNode],
}

impl Structures {
    /// The one structure that the part names.
    pub(crate) fn one(structure: &'static StructureDefinition) -> Self {
        Self {
            named: vec![structure],
            of_types: Vec::new(),
        }
    }

    /// Those of these events; an event that the version does not know is complained of.
    pub(crate) fn of(
        version: &'static Version,
        events: &[Placed<EventPattern>],
        complaints: &mut Complaints<'_>,
    ) -> Self {
        let mut structures = Self {
            named: Vec::new(),
            of_types: Vec::new(),
        };
        for placed in events {
            let pattern = &placed.value;
            let found = match (&pattern.message_type, &pattern.event) {
                (None, _) => {
                    structures.of_types.extend(version.structures());
                    continue;
                }
                (Some(of), Some(event)) => {
                    let found = version.structure_for(of, event);
                    structures.named.extend(found);
                    found.is_some()
                }
                (Some(of), None) => {
                    let before = structures.of_types.len();
                    let all = version.events_of(of).map(|(_, structure)| structure);
                    structures.of_types.extend(all);
                    structures.of_types.len() > before
                }
            };
            if !found {
                unknown_event(version, placed, complaints);
            }
        }
        structures
    }

    /// Whether nothing is known of the messages.
    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty() && self.of_types.is_empty()
    }

    /// Complains of groups that are in none of the structures, or of one that lacks them; gives
    /// whether all is well.
    pub(crate) fn has_groups(
        &self,
        path: &Placed<String>,
        groups: &[String],
        complaints: &mut Complaints<'_>,
    ) -> bool {
        let holds = |structure: &'static StructureDefinition| {
            insides(structure)
                .iter()
                .any(|inside| ends_with(&inside.path, groups))
        };
        let Some(lacking) = self.lacking(holds) else {
            return true;
        };
        let wanted = groups.join("/");
        let message = lacking.says(&format!("group {wanted}"));
        let word = Placed {
            value: wanted.clone(),
            span: path.part(complaints.file, 0, wanted.len()),
        };
        let known: Vec<String> = self.all().flat_map(insides).map(|one| one.name()).collect();
        let known = known.iter().map(String::as_str);
        let known = known.filter(|name| !name.is_empty());
        let help = "name groups as the standard does, without the structure's prefix";
        complaints.not_known(&word, (NOT_THERE, message), known, help);
        false
    }

    /// Complains of a segment that has no place directly in these groups, or anywhere without
    /// groups; gives whether all is well.
    pub(crate) fn has_segment(
        &self,
        path: &Placed<String>,
        groups: &[String],
        segment: SegmentName,
        complaints: &mut Complaints<'_>,
    ) -> bool {
        if !groups.is_empty() && !self.has_groups(path, groups, complaints) {
            return false;
        }
        // Where local segments stand, sender and receiver agree on.
        if segment.is_local() {
            return true;
        }
        let is_here = |inside: &Inside| groups.is_empty() || ends_with(&inside.path, groups);
        let holds = |structure: &'static StructureDefinition| {
            let mut insides = insides(structure).into_iter().filter(is_here);
            insides.any(|inside| inside.segments().any(|name| name == segment))
        };
        let Some(lacking) = self.lacking(holds) else {
            return true;
        };
        let within = groups.join("/");
        let message = if groups.is_empty() {
            lacking.says(&format!("segment {segment}"))
        } else {
            lacking.says(&format!("segment {segment} of its own in {within}"))
        };
        let start = if groups.is_empty() {
            0
        } else {
            within.len() + 1
        };
        let word = Placed {
            value: segment.to_string(),
            span: path.part(complaints.file, start, start + 3),
        };
        let elsewhere = self.elsewhere(segment);
        if elsewhere.is_empty() || groups.is_empty() {
            let here = self.all().flat_map(insides).filter(is_here);
            let known: Vec<String> = here
                .flat_map(|inside| inside.segments())
                .map(|name| name.to_string())
                .collect();
            let known = known.iter().map(String::as_str);
            let help = "name a segment that these messages have";
            complaints.not_known(&word, (NOT_THERE, message), known, help);
        } else {
            let help = format!("it stands in {}", elsewhere.join(", "));
            complaints.error(word.span, NOT_THERE, message, help);
        }
        false
    }

    /// The structure that does not hold what it should.
    fn lacking(&self, holds: impl Fn(&'static StructureDefinition) -> bool) -> Option<Lacking> {
        let named = self.named.iter().find(|one| !holds(one));
        if let Some(structure) = named {
            return Some(Lacking(Some(structure.name)));
        }
        let is_in_one = self.named.is_empty() && !self.of_types.is_empty();
        let in_none = is_in_one && !self.of_types.iter().any(|one| holds(one));
        in_none.then_some(Lacking(None))
    }

    fn all(&self) -> impl Iterator<Item = &'static StructureDefinition> {
        self.named.iter().chain(&self.of_types).copied()
    }

    /// The groups that have a segment of their own, as paths.
    fn elsewhere(&self, segment: SegmentName) -> Vec<String> {
        let insides = self.all().flat_map(insides);
        let mut places: Vec<String> = insides
            .filter(|inside| inside.segments().any(|name| name == segment))
            .map(|inside| inside.name())
            .filter(|name| !name.is_empty())
            .collect();
        places.sort_unstable();
        places.dedup();
        places.truncate(4);
        places
    }

    /// The segment that begins the last of these groups.
    pub(crate) fn first_segment(&self, groups: &[String]) -> Option<SegmentName> {
        let mut insides = self.all().flat_map(insides);
        let inside = insides.find(|inside| ends_with(&inside.path, groups))?;
        first(inside.nodes)
    }
}

fn first(nodes: &[StructureNode]) -> Option<SegmentName> {
    match nodes.first()? {
        StructureNode::Segment(segment) => Some(segment.name),
        // Depth is bounded by the dictionary.
        StructureNode::Group(group) => first(&group.nodes),
    }
}

impl Inside {
    fn segments(&self) -> impl Iterator<Item = SegmentName> + use<> {
        let nodes: &'static [StructureNode] = self.nodes;
        nodes.iter().filter_map(|node| match node {
            StructureNode::Segment(segment) => Some(segment.name),
            StructureNode::Group(_) => None,
        })
    }

    fn name(&self) -> String {
        self.path.join("/")
    }
}

/// All groups of a structure, itself among them.
fn insides(structure: &'static StructureDefinition) -> Vec<Inside> {
    let mut found = Vec::new();
    let mut open = vec![Inside {
        path: Vec::new(),
        nodes: &structure.nodes,
    }];
    while let Some(inside) = open.pop() {
        for node in inside.nodes.iter().rev() {
            if let StructureNode::Group(group) = node {
                let mut path = inside.path.clone();
                path.push(group.name);
                open.push(Inside {
                    path,
                    nodes: &group.nodes,
                });
            }
        }
        found.push(inside);
    }
    found
}

fn ends_with(whole: &[&str], end: &[String]) -> bool {
    let skipped = whole.len().checked_sub(end.len());
    skipped.is_some_and(|skipped| whole.iter().skip(skipped).eq(end.iter()))
}

/// The pattern of a text such as `ADT^A01`, `ADT^*` or `*`.
pub(crate) fn event_pattern(
    word: &Placed<String>,
    complaints: &mut Complaints<'_>,
) -> Option<Placed<EventPattern>> {
    let is_name = |text: &str| {
        let usual = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        text.len() == 3 && text.bytes().all(usual)
    };
    let placed = |message_type: Option<&str>, event: Option<&str>| Placed {
        value: EventPattern {
            message_type: message_type.map(str::to_owned),
            event: event.map(str::to_owned),
        },
        span: word.span,
    };
    match word.value.split_once('^') {
        None if word.value == "*" => return Some(placed(None, None)),
        Some((of, "*")) if is_name(of) => return Some(placed(Some(of), None)),
        Some((of, event)) if is_name(of) && is_name(event) => {
            return Some(placed(Some(of), Some(event)));
        }
        Some(_) | None => {}
    }
    let message = "not a message type and event";
    let help = "write ADT^A01, ADT^* for all events of the type, or * for every message";
    complaints.error(word.span, VALUE_FORM, message, help);
    None
}

fn unknown_event(
    version: &'static Version,
    placed: &Placed<EventPattern>,
    complaints: &mut Complaints<'_>,
) {
    let pattern = &placed.value;
    let message = format!("version {} has no structure for {pattern}", version.id());
    let of = pattern.message_type.as_deref().unwrap_or_default();
    let known = version.events_of(of).map(|(event, _)| event);
    let known: Vec<String> = known.map(|event| format!("{of}^{event}")).collect();
    let word = Placed {
        value: pattern.to_string(),
        span: placed.span,
    };
    let help = "name one with `structure = \"...\"`, or correct the event";
    let known = known.iter().map(String::as_str);
    complaints.not_known(&word, (NOT_THERE, message), known, help);
}

/// The structure of that name.
pub(crate) fn structure(
    version: &'static Version,
    word: &Placed<String>,
    complaints: &mut Complaints<'_>,
) -> Option<&'static StructureDefinition> {
    let found = version.structure(&word.value);
    if found.is_none() {
        let message = format!("version {} has no structure {}", version.id(), word.value);
        let known = version.structures().iter().map(|one| one.name);
        let help = "name a structure as MSH-9.3 does, such as ADT_A01";
        complaints.not_known(word, (NOT_THERE, message), known, help);
    }
    found
}
