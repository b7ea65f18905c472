//! Finds the values that a path means where a block stands.
//! What is made of them is the business of `values` and `conditions`.

use isthmus_fhir::element::Element;
use isthmus_fhir::path::select::select;
use isthmus_hl7v2::field::Presence;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::segment_name::SegmentName;

use crate::plan::{ElementStart, PathPlan, Pick, SegmentPlan};
use crate::run::frame::Frame;
use crate::run::item::Item;
use crate::run::message_input::SegmentAt;
use crate::run::state::{Input, Run};

/// What a path found.
#[derive(Debug, Default)]
pub struct Found<'a> {
    /// Values, in source order; empty ones left out.
    pub items: Vec<Item<'a>>,
    /// Where the sender asks to delete, when there is such a place.
    pub null: Option<Location>,
    /// Whether texts are whole repetitions.
    pub whole: bool,
}

impl<'a> Run<'a> {
    /// The values that a path means.
    pub fn select(&self, path: &'a PathPlan, frame: &Frame<'_, 'a>) -> Found<'a> {
        match path {
            PathPlan::Segment(plan) => self.select_segment(plan, frame),
            PathPlan::Relative(below) => {
                let mut found = Found {
                    whole: below.is_none(),
                    ..Found::default()
                };
                let current = frame.nearest_current();
                let item = match below {
                    None => current,
                    Some((component, subcomponent)) => {
                        current.and_then(|current| current.below(*component, *subcomponent))
                    }
                };
                self.keep(&mut found, item);
                found
            }
            PathPlan::Element(plan) => {
                let mut found = Found::default();
                let start = match plan.start {
                    ElementStart::Alias(alias) => self.resource(alias, frame),
                    ElementStart::Current => match frame.nearest_current() {
                        Some(Item::Element(element)) => Some(element),
                        Some(_) | None => None,
                    },
                };
                for element in start.into_iter().flat_map(|root| select(root, &plan.path)) {
                    self.keep(&mut found, Some(Item::Element(element)));
                }
                found
            }
        }
    }

    fn resource(&self, alias: usize, frame: &Frame<'_, 'a>) -> Option<&'a Element> {
        let Input::Resources(resources) = &self.input else {
            return None;
        };
        frame
            .bound_resource(alias)
            .or_else(|| resources.get(alias)?.first().copied())
    }

    fn keep(&self, found: &mut Found<'a>, item: Option<Item<'a>>) {
        let Some(item) = item else { return };
        match item.presence(self.delimiters()) {
            Presence::Value => found.items.push(item),
            Presence::Null => found.null = found.null.or(item.location()),
            Presence::Absent | Presence::Empty => {}
        }
    }

    /// The segments that a path means.
    fn segments(&self, plan: &SegmentPlan, frame: &Frame<'_, 'a>) -> Vec<SegmentAt> {
        let Input::Message(input) = &self.input else {
            return Vec::new();
        };
        if let Some(bound) = frame.bound(plan.slot) {
            return vec![bound];
        }
        let visible = input.visible(plan.slot, frame.host);
        match &plan.segment {
            Pick::All => visible.collect(),
            Pick::Index(index) => visible.skip(*index).take(1).collect(),
            Pick::From(index) => visible.skip(*index).collect(),
            Pick::Keys(keys) => visible
                .filter(|segment| {
                    keys.iter()
                        .all(|(place, text)| self.holds(*segment, place, text))
                })
                .collect(),
        }
    }

    /// Whether a place of a segment has this text, in any repetition.
    fn holds(&self, segment: SegmentAt, place: &[u16], text: &str) -> bool {
        let Input::Message(input) = &self.input else {
            return false;
        };
        let Some((field, below)) = place.split_first() else {
            return false;
        };
        input.repetitions(segment, *field).any(|repetition| {
            let at = Location::segment(SegmentName::MSH, 1);
            has_text(Item::Repetition(repetition, at), below, text)
        })
    }

    fn select_segment(&self, plan: &'a SegmentPlan, frame: &Frame<'_, 'a>) -> Found<'a> {
        let mut found = Found {
            whole: plan.whole,
            ..Found::default()
        };
        let Input::Message(input) = &self.input else {
            return found;
        };
        for segment in self.segments(plan, frame) {
            let Some(at) = input.location(segment) else {
                continue;
            };
            let Some(field) = plan.field else {
                found.items.push(Item::Segment(at));
                continue;
            };
            let repetitions = input.repetitions(segment, field);
            for (index, repetition) in (0_u16..).zip(repetitions) {
                let at = at.field(field).repetition(index);
                let item = Item::Repetition(repetition, at);
                if !picked(&plan.repetition, index, item) {
                    continue;
                }
                let item = match plan.component {
                    None => Some(item),
                    Some(component) => item.below(component, plan.subcomponent),
                };
                self.keep(&mut found, item);
            }
        }
        found
    }
}

fn picked(pick: &Pick, index: u16, item: Item<'_>) -> bool {
    let index = usize::from(index);
    match pick {
        Pick::All => true,
        Pick::Index(wanted) => index == *wanted,
        Pick::From(first) => index >= *first,
        Pick::Keys(keys) => keys.iter().all(|(place, text)| has_text(item, place, text)),
    }
}

fn has_text(item: Item<'_>, place: &[u16], text: &str) -> bool {
    let mut numbers = place.iter().copied();
    let below = match numbers.next() {
        None => Some(item),
        Some(component) => item.below(component, numbers.next()),
    };
    below
        .and_then(|below| below.text(false))
        .is_some_and(|found| found == text)
}
