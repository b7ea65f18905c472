//! The walk that rebuilds an HL7 v2 message from nothing out of the granted places of another: its
//! segments in the order of the structure, withheld places empty. What is granted of which segment
//! is looked up in `message_projection`; the record's form is that of decision 0016.

use std::collections::{BTreeMap, BTreeSet};

use isthmus_fhir::element::{Element, Object};
use isthmus_hl7v2::field::{Presence, Repetition};
use isthmus_hl7v2::group_instance::{GroupChild, GroupInstance};
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::message::Segment;
use isthmus_hl7v2::segment_name::SegmentName;

use crate::privacy::message_extent::newest_first;
use crate::privacy::message_grant::{MessageGrant, Part, PlaceKey, Repetitions};
use crate::privacy::message_parts::Parts;
use crate::privacy::message_projection::MessageProjection;
use crate::privacy::release;
use crate::source_message::SourceMessage;

/// Names of withheld fields that are told, at most.
const NAMES_MAX: usize = 400;

/// The granted part of a message.
pub(in crate::privacy) struct Rebuilt {
    /// The record, in the form of decision 0016.
    pub(in crate::privacy) record: Object,
    /// What the message has and the flow does not grant: fields, or segments of which nothing was.
    pub(in crate::privacy) withheld: Vec<String>,
}

/// Rebuilds a message.
///
/// # Errors
/// A code of [`release`]: another event, no known structure, several patients, nothing granted.
pub(in crate::privacy) fn rebuild(
    projection: &MessageProjection,
    source: &SourceMessage,
) -> Result<Rebuilt, &'static str> {
    let header = Header::of(&source.message).ok_or(release::STRUCTURE)?;
    let (message_type, event) = (header.message_type(), header.event());
    if !projection.admits(&message_type, &event) {
        return Err(release::EVENT);
    }
    let patient = SegmentName::new(b"PID");
    let patients = source.message.segments();
    if patients.filter(|one| Some(one.name()) == patient).count() > 1 {
        return Err(release::SEVERAL_SUBJECTS);
    }
    let structure = source.structure().ok_or(release::STRUCTURE)?;
    // Rows were proved against the structures of the event, not against whatever MSH-9.3 says.
    let is_of_event = newest_first()
        .filter_map(|version| version.structure_for(&message_type, &event))
        .any(|own| own.name == structure.name);
    let agreed = source.structures.structure_name(&message_type, &event);
    if !is_of_event && agreed.is_none() {
        return Err(release::STRUCTURE);
    }
    let grouped = source.grouped(structure);
    let mut walk = Walk {
        projection,
        source,
        placed: BTreeMap::new(),
    };
    walk.group(&grouped.root, &mut Vec::new());
    for ordinal in &grouped.out_of_place {
        // What the structure has no place for would be read as something else by who receives it;
        // of local segments that nobody defined it says nothing.
        let segment = walk.segment(*ordinal);
        if segment.is_some_and(|segment| segment.name().is_local()) {
            walk.place(*ordinal, &[]);
        }
    }
    if walk.patient_without_identifier(patient) {
        return Err(release::NO_IDENTIFIER);
    }
    let withheld = walk.withheld();
    let segments: Vec<Element> = walk.placed.into_values().map(Element::from).collect();
    if segments.is_empty() {
        return Err(release::NOTHING_GRANTED);
    }
    let record = Object::new()
        .with("type", message_type.as_ref())
        .with("event", event.as_ref())
        .with("structure", structure.name)
        .with("segments", segments);
    Ok(Rebuilt { record, withheld })
}

/// The segments of a message of which something is there, by name.
pub(in crate::privacy) fn segments_of(source: &SourceMessage) -> Vec<String> {
    let names = source.message.segments().map(|one| one.name());
    let names: BTreeSet<SegmentName> = names.filter(|name| *name != SegmentName::MSH).collect();
    names.into_iter().map(|name| name.to_string()).collect()
}

struct Walk<'w> {
    projection: &'w MessageProjection,
    source: &'w SourceMessage,
    /// The rebuilt segments, each an object of its fields under its name, by ordinal.
    placed: BTreeMap<u32, Object>,
}

impl<'w> Walk<'w> {
    fn segment(&self, ordinal: u32) -> Option<Segment<'w>> {
        self.source.message.segment(usize::try_from(ordinal).ok()?)
    }

    fn group(&mut self, group: &GroupInstance, around: &mut Vec<&'static str>) {
        around.push(group.name);
        for child in &group.children {
            match child {
                GroupChild::Segment(ordinal) => self.place(*ordinal, around),
                GroupChild::Group(inner) => self.group(inner, around),
            }
        }
        around.pop();
    }

    /// Rebuilds a segment that stands in these groups; one of which nothing is granted is left out.
    fn place(&mut self, ordinal: u32, around: &[&str]) {
        let Some(segment) = self.segment(ordinal) else {
            return;
        };
        let grants = self.projection.of_segment(segment.name()).iter();
        let grants: Vec<&MessageGrant> = grants
            .filter(|grant| stands_in(&grant.groups, around) && have(&grant.keys, segment))
            .collect();
        let mut by_field = BTreeMap::new();
        for grant in &grants {
            let own: &mut Vec<&MessageGrant> = by_field.entry(grant.field).or_default();
            own.push(grant);
        }
        let mut fields = BTreeMap::new();
        let mut released = Vec::new();
        for (number, own) in by_field {
            let repetitions = field(segment, number, &own, &mut released);
            if !repetitions.is_empty() {
                fields.insert(number, repetitions);
            }
        }
        if fields.is_empty() {
            return;
        }
        for key in released.iter().flat_map(|grant| &grant.keys) {
            fix(&mut fields, key);
        }
        let mut object = Object::with_capacity(fields.len());
        for (number, repetitions) in fields {
            object.push(number.to_string().as_str(), element(repetitions));
        }
        let whole = Object::new().with(segment.name().as_str(), object);
        self.placed.insert(ordinal, whole);
    }

    /// Whether something of a patient was placed and no identifier of theirs: who receives it could
    /// not tell whom it is about.
    fn patient_without_identifier(&self, patient: Option<SegmentName>) -> bool {
        let Some(name) = patient else {
            return false;
        };
        let mut placed = self.placed.values();
        let placed = placed.find_map(|whole| whole.get(name.as_str()));
        placed.is_some_and(|fields| fields.get("3").is_none())
    }

    /// What is there and was not placed.
    fn withheld(&self) -> Vec<String> {
        let mut names = BTreeSet::new();
        for segment in self.source.message.segments() {
            let name = segment.name();
            if name == SegmentName::MSH || names.len() > NAMES_MAX {
                continue;
            }
            let placed = self.placed.get(&segment.ordinal());
            let placed = placed.and_then(|whole| whole.get(name.as_str()));
            let Some(placed) = placed.and_then(Element::as_object) else {
                names.insert(name.to_string());
                continue;
            };
            for (number, field) in segment.fields() {
                let is_there = matches!(field.presence(), Presence::Value | Presence::Null);
                if is_there && placed.get(&number.to_string()).is_none() {
                    names.insert(format!("{name}-{number}"));
                }
            }
        }
        names.into_iter().take(NAMES_MAX).collect()
    }
}

/// Whether a segment in these groups is meant: directly in the last one named, with the others
/// around it in order.
fn stands_in(named: &[String], around: &[&str]) -> bool {
    let Some((last, outer)) = named.split_last() else {
        return true;
    };
    let Some((own, mut rest)) = around.split_last() else {
        return false;
    };
    if own != last {
        return false;
    }
    for name in outer.iter().rev() {
        let Some(at) = rest.iter().rposition(|one| one == name) else {
            return false;
        };
        rest = rest.get(..at).unwrap_or_default();
    }
    true
}

/// Whether a segment has these values, in the first repetition of each field.
fn have(keys: &[PlaceKey], segment: Segment<'_>) -> bool {
    keys.iter().all(|key| {
        let mut place = key.place.iter().copied();
        let Some(field) = place.next() else {
            return false;
        };
        let rest: Vec<u16> = place.collect();
        let repetition = segment.field(usize::from(field)).repetition(0);
        text_at(repetition, &rest).is_some_and(|text| text == key.text)
    })
}

/// The text at a component and subcomponent; the first ones where no number says which.
fn text_at(repetition: Repetition<'_>, place: &[u16]) -> Option<String> {
    let number = |at: usize| usize::from(place.get(at).copied().unwrap_or(1));
    let leaf = repetition.component(number(0)).subcomponent(number(1));
    leaf.value().map(std::borrow::Cow::into_owned)
}

/// A repetition by its number in the source, from 0, and what is granted of it.
type Repeated = (usize, Parts);

/// The granted repetitions of a field, and the grants by which something was released; repetitions
/// of which nothing is granted are left out, so that their number is not told.
fn field<'g>(
    segment: Segment<'_>,
    number: u16,
    grants: &[&'g MessageGrant],
    released: &mut Vec<&'g MessageGrant>,
) -> Vec<Repeated> {
    let value_type = segment.field(2).value().unwrap_or_default();
    let repetitions = segment.field(usize::from(number)).repetitions();
    let granted = (0_usize..).zip(repetitions).map(|(at, repetition)| {
        let mut parts = Parts::default();
        for grant in grants {
            let constants: &[PlaceKey] = match &grant.which {
                Repetitions::All => &[],
                Repetitions::First if at == 0 => &[],
                Repetitions::Keyed(keys) if hold(keys, repetition) => keys,
                Repetitions::First | Repetitions::Keyed(_) => continue,
            };
            if grants_part(&mut parts, grant, repetition, &value_type) {
                for key in constants {
                    parts.fix(&key.place, &key.text);
                }
                if !released.iter().any(|one| std::ptr::eq(*one, *grant)) {
                    released.push(grant);
                }
            }
        }
        (at, parts)
    });
    granted.filter(|(_, parts)| !parts.is_empty()).collect()
}

/// Whether a repetition has these values.
fn hold(keys: &[PlaceKey], repetition: Repetition<'_>) -> bool {
    keys.iter().all(|key| {
        let text = text_at(repetition, &key.place);
        text.is_some_and(|text| text == key.text)
    })
}

/// Takes over what a row grants of a repetition; whether there was anything.
fn grants_part(
    parts: &mut Parts,
    grant: &MessageGrant,
    repetition: Repetition<'_>,
    value_type: &str,
) -> bool {
    let by_type = match &grant.part {
        Part::ByType(types) => types.iter().find(|(name, _)| name == value_type),
        Part::Whole(_) | Part::Everything | Part::Component(..) | Part::Subcomponent(..) => None,
    };
    if matches!(grant.part, Part::ByType(_)) && by_type.is_none() {
        return false;
    }
    if repetition.presence() == Presence::Null {
        parts.set_null();
        return true;
    }
    match &grant.part {
        Part::Whole(extent) => parts.whole(repetition, extent, grant.coarsen),
        Part::Everything => parts.everything(repetition),
        Part::ByType(_) => {
            by_type.is_some_and(|(_, extent)| parts.whole(repetition, extent, grant.coarsen))
        }
        Part::Component(number, kinds) => {
            let component = repetition.component(usize::from(*number));
            parts.component(*number, component, kinds, grant.coarsen)
        }
        Part::Subcomponent(number, below, kind) => {
            let component = repetition.component(usize::from(*number));
            let leaf = component.subcomponent(usize::from(*below));
            parts.leaf((*number, *below), leaf, *kind, grant.coarsen)
        }
    }
}

/// Writes out what a key of the segment fixes, which is of the first repetition of its field.
fn fix(fields: &mut BTreeMap<u16, Vec<Repeated>>, key: &PlaceKey) {
    let Some((field, below)) = key.place.split_first() else {
        return;
    };
    let repetitions = fields.entry(*field).or_default();
    if repetitions.first().is_none_or(|(at, _)| *at != 0) {
        repetitions.insert(0, (0, Parts::default()));
    }
    if let Some((_, first)) = repetitions.first_mut() {
        first.fix(below, &key.text);
    }
}

fn element(repetitions: Vec<Repeated>) -> Element {
    let parts = repetitions.into_iter().map(|(_, parts)| parts);
    let mut all: Vec<Element> = parts.map(Parts::into_element).collect();
    if all.len() == 1 {
        return all.pop().unwrap_or(Element::Null);
    }
    Element::from(all)
}
