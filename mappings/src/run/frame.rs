//! Where a block stands while it is carried out: its group instance, the segment or value that it
//! is about, and the blocks around it.

use isthmus_fhir::element::Element;

use crate::run::item::Item;
use crate::run::message_input::SegmentAt;

/// The place of a block.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'f, 'a> {
    /// The group instance.
    pub host: usize,
    /// The segment that `per` is about, with its number in the plan.
    pub segment: Option<(usize, SegmentAt)>,
    /// The value that a type or `per` is about.
    pub current: Option<Item<'a>>,
    /// The resource that `per` is about, with its alias.
    pub resource: Option<(usize, &'a Element)>,
    /// The path of its element in the block around it.
    pub label: &'a str,
    /// The block around it.
    pub outer: Option<&'f Frame<'f, 'a>>,
}

impl<'a> Frame<'_, 'a> {
    /// The frame of the message as a whole.
    pub const fn root() -> Self {
        Self {
            host: 0,
            segment: None,
            current: None,
            resource: None,
            label: "",
            outer: None,
        }
    }

    /// The path of an element of this block from its resource on, for clears.
    pub fn labelled(&self, path: &str) -> String {
        let own = if self.label.is_empty() {
            path.to_owned()
        } else {
            format!("{}.{path}", self.label)
        };
        self.outer.map_or(own.clone(), |outer| outer.labelled(&own))
    }

    /// The segment of this name that a block here is about.
    pub fn bound(&self, slot: usize) -> Option<SegmentAt> {
        match self.segment {
            Some((bound, segment)) if bound == slot => Some(segment),
            Some(_) | None => self.outer.and_then(|outer| outer.bound(slot)),
        }
    }

    /// The resource of this alias that a block here is about.
    pub fn bound_resource(&self, alias: usize) -> Option<&'a Element> {
        match self.resource {
            Some((bound, resource)) if bound == alias => Some(resource),
            Some(_) | None => self.outer.and_then(|outer| outer.bound_resource(alias)),
        }
    }

    /// The value that the innermost type or `per` is about.
    pub fn nearest_current(&self) -> Option<Item<'a>> {
        self.current
            .or_else(|| self.outer.and_then(Frame::nearest_current))
    }

    /// The segment that the innermost block is about.
    pub fn nearest_segment(&self) -> Option<SegmentAt> {
        let own = self.segment.map(|(_, segment)| segment);
        own.or_else(|| self.outer.and_then(Frame::nearest_segment))
    }
}
