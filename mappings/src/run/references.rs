//! Finds the resources that `ref` and `refs` mean: those whose block gave an id.
//! Block instances are found in `instances`.

use crate::run::frame::Frame;
use crate::run::item::Item;
use crate::run::state::{Input, Instance, Run};

impl<'a> Run<'a> {
    /// `Type/id` of the nearest instance of a block: about the same value, else about the same
    /// segment, else in the innermost common group; of several the first.
    pub fn reference(&self, block: usize, frame: &Frame<'_, 'a>) -> Option<String> {
        let mut best: Option<((usize, usize), &Instance<'a>)> = None;
        for instance in self.referable(block) {
            let score = self.nearness(instance, frame);
            if best.as_ref().is_none_or(|(known, _)| score > *known) {
                best = Some((score, instance));
            }
        }
        best.and_then(|(_, instance)| address(instance))
    }

    /// `Type/id` of every instance of a block inside this group instance, in order, each once.
    pub fn references(&self, block: usize, frame: &Frame<'_, 'a>) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let inside = self.referable(block).filter(|instance| match &self.input {
            Input::Message(input) => input.is_inside(instance.host, frame.host),
            Input::Resources(_) => false,
        });
        for one in inside.filter_map(address) {
            if !found.contains(&one) {
                found.push(one);
            }
        }
        found
    }

    fn referable(&self, block: usize) -> impl Iterator<Item = &Instance<'a>> {
        let numbers = self
            .by_block
            .get(block)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let all = numbers
            .iter()
            .filter_map(|number| self.instances.get(*number));
        all.filter(|instance| instance.id.is_some())
    }

    fn nearness(&self, instance: &Instance<'a>, frame: &Frame<'_, 'a>) -> (usize, usize) {
        let Input::Message(input) = &self.input else {
            return (0, 0);
        };
        let about = |item: Option<Item<'a>>| item.and_then(|item| item.location());
        let (its, own) = (about(instance.current), about(frame.nearest_current()));
        let its_segment = instance.segment.map(|(_, segment)| segment.ordinal);
        let own_segment = frame.nearest_segment().map(|segment| segment.ordinal);
        let same = if its.is_some() && its == own {
            2
        } else {
            usize::from(its_segment.is_some() && its_segment == own_segment)
        };
        (same, input.common_depth(instance.host, frame.host))
    }
}

fn address(instance: &Instance<'_>) -> Option<String> {
    let id = instance.id.as_ref()?;
    Some([instance.plan.name, "/", id].concat())
}
