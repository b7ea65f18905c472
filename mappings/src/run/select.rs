//! Finds the values that a path means where a block stands.
//! What is made of them is the business of `values` and `conditions`.

use std::ops::ControlFlow;

use isthmus_fhir::element::Element;
use isthmus_fhir::path::select::select;
use isthmus_hl7v2::delimiters::Delimiters;
use isthmus_hl7v2::field::Presence;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::segment_name::SegmentName;

use crate::plan_path::{ElementStart, PathPlan, Pick, SegmentPlan};
use crate::run::few::Few;
use crate::run::frame::Frame;
use crate::run::item::Item;
use crate::run::message_input::{MessageInput, SegmentAt};
use crate::run::state::{Input, Run};

/// What a path found.
#[derive(Debug, Default)]
pub struct Found<'a> {
    /// Values, in source order; empty ones left out.
    pub items: Few<Item<'a>>,
    /// Where the sender asks to delete, when there is such a place.
    pub null: Option<Location>,
}

/// Who is shown the values of a path, one by one, until it has seen enough.
pub type See<'s, 'a> = dyn FnMut(Item<'a>) -> ControlFlow<()> + 's;

impl PathPlan {
    /// Whether the texts of its values are whole repetitions.
    pub const fn is_whole(&self) -> bool {
        match self {
            Self::Segment(plan) => plan.whole,
            Self::Relative(below) => below.is_none(),
            Self::Element(_) => false,
        }
    }
}

impl<'a> Run<'a> {
    /// The values that a path means.
    pub fn select(&self, path: &'a PathPlan, frame: &Frame<'_, 'a>) -> Found<'a> {
        let mut items = Few::default();
        let null = self.show(path, frame, &mut |item| {
            items.push(item);
            ControlFlow::Continue(())
        });
        Found { items, null }
    }

    /// The first value that a path means.
    pub fn first(&self, path: &'a PathPlan, frame: &Frame<'_, 'a>) -> Option<Item<'a>> {
        let mut first = None;
        self.show(path, frame, &mut |item| {
            first = Some(item);
            ControlFlow::Break(())
        });
        first
    }

    /// Shows the values that a path means, in source order, empty ones left out. Gives the first
    /// place where the sender asks to delete, of those before the end of the show.
    pub fn show(
        &self,
        path: &'a PathPlan,
        frame: &Frame<'_, 'a>,
        see: &mut See<'_, 'a>,
    ) -> Option<Location> {
        let mut show = Show { null: None, see };
        match path {
            PathPlan::Segment(plan) => self.show_segments(plan, frame, &mut show),
            PathPlan::Relative(below) => {
                let current = frame.nearest_current()?;
                let item = match below {
                    None => Some(current),
                    Some((component, subcomponent)) => current.below(*component, *subcomponent),
                };
                let _ = show.item(item?, self.delimiters());
            }
            PathPlan::Element(plan) => {
                let start = match plan.start {
                    ElementStart::Alias(alias) => self.resource(alias, frame),
                    ElementStart::Current => match frame.nearest_current() {
                        Some(Item::Element(element)) => Some(element),
                        Some(_) | None => None,
                    },
                };
                for element in select(start?, &plan.path) {
                    let item = Item::Element(element);
                    if show.item(item, self.delimiters()).is_break() {
                        break;
                    }
                }
            }
        }
        show.null
    }

    fn resource(&self, alias: usize, frame: &Frame<'_, 'a>) -> Option<&'a Element> {
        let Input::Resources(resources) = &self.input else {
            return None;
        };
        frame
            .bound_resource(alias)
            .or_else(|| resources.get(alias)?.first().copied())
    }

    /// Shows what a path means in the segments that it means.
    fn show_segments(
        &self,
        plan: &SegmentPlan,
        frame: &Frame<'_, 'a>,
        show: &mut Show<'_, '_, 'a>,
    ) {
        let Input::Message(input) = &self.input else {
            return;
        };
        if !plan.groups.is_empty() {
            for host in input.hosts_behind(&plan.groups, frame.host) {
                if show.visible(input, plan, host).is_break() {
                    return;
                }
            }
            return;
        }
        if let Some(bound) = frame.bound(plan.slot) {
            let _ = show.segment(input, plan, bound);
            return;
        }
        let _ = show.visible(input, plan, frame.host);
    }
}

/// A show under way.
struct Show<'w, 's, 'a> {
    null: Option<Location>,
    see: &'w mut See<'s, 'a>,
}

impl<'a> Show<'_, '_, 'a> {
    fn item(&mut self, item: Item<'a>, delimiters: Delimiters) -> ControlFlow<()> {
        match item.presence(delimiters) {
            Presence::Value => return (self.see)(item),
            Presence::Null => self.null = self.null.or(item.location()),
            Presence::Absent | Presence::Empty => {}
        }
        ControlFlow::Continue(())
    }

    /// Shows what a path means in the segments that are seen from a group instance.
    fn visible(
        &mut self,
        input: &MessageInput<'a>,
        plan: &SegmentPlan,
        host: usize,
    ) -> ControlFlow<()> {
        let (skip, take) = plan.segment.range();
        let keys = plan.segment.keys();
        for segment in input.visible(plan.slot, host).skip(skip).take(take) {
            let mut keys = keys.iter();
            if keys.all(|(place, text)| holds(input, segment, place, text)) {
                self.segment(input, plan, segment)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Shows what a path means in one segment.
    fn segment(
        &mut self,
        input: &MessageInput<'a>,
        plan: &SegmentPlan,
        segment: SegmentAt,
    ) -> ControlFlow<()> {
        let Some(found) = input.message.segment(segment.ordinal) else {
            return ControlFlow::Continue(());
        };
        let at = Location::segment(found.name(), segment.occurrence);
        let Some(number) = plan.field else {
            return (self.see)(Item::Segment(at));
        };
        let at = at.field(number);
        let repetitions = found.field(usize::from(number)).repetitions();
        for (index, repetition) in (0_u16..).zip(repetitions) {
            let item = Item::Repetition(repetition, at.repetition(index));
            if !picked(&plan.repetition, index, item) {
                continue;
            }
            let item = match plan.component {
                None => Some(item),
                Some(component) => item.below(component, plan.subcomponent),
            };
            if let Some(item) = item {
                self.item(item, input.message.delimiters())?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Whether a place of a segment has this text, in any repetition.
fn holds(input: &MessageInput<'_>, segment: SegmentAt, place: &[u16], text: &str) -> bool {
    let Some((field, below)) = place.split_first() else {
        return false;
    };
    input.repetitions(segment, *field).any(|repetition| {
        let at = Location::segment(SegmentName::MSH, 1);
        has_text(Item::Repetition(repetition, at), below, text)
    })
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
