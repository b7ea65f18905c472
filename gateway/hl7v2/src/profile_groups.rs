//! `Instances`, the groups of a message side by side, each with its way from the top, as the rules
//! of a profile look for them. The tree that they come from is `structure`'s.

use crate::group_instance::{GroupChild, GroupInstance};
use crate::structure::Grouped;

/// One instance of a group.
#[derive(Debug)]
pub(crate) struct Instance {
    /// The groups from the outermost down to this one.
    pub(crate) path: Vec<&'static str>,
    /// Its own segments, by ordinal.
    pub(crate) segments: Vec<u32>,
    /// The groups directly below it, each with its first segment.
    pub(crate) groups: Vec<(&'static str, u32)>,
    /// Its first segment, those of its groups among them.
    pub(crate) first: u32,
    /// Its last segment, likewise.
    pub(crate) last: u32,
}

/// All groups of a message; the message itself is none.
#[derive(Debug, Default)]
pub(crate) struct Instances {
    all: Vec<Instance>,
    /// The place in `all` of each segment's group; none outside groups and out of place.
    of_segment: Vec<Option<usize>>,
}

impl Instances {
    /// Those of a message with so many segments.
    pub(crate) fn of(grouped: Option<&Grouped>, segments: usize) -> Self {
        let mut instances = Self::default();
        let Some(grouped) = grouped else {
            return instances;
        };
        instances.of_segment = vec![None; segments];
        for group in grouped.root.groups() {
            instances.add(group, &[]);
        }
        instances
    }

    /// Depth is bounded by the dictionary, whose deepest structure has eight levels. Gives the
    /// first and the last segment.
    fn add(&mut self, group: &GroupInstance, around: &[&'static str]) -> Option<(u32, u32)> {
        let mut path = around.to_vec();
        path.push(group.name);
        let place = self.all.len();
        self.all.push(Instance {
            path: path.clone(),
            segments: group.segments().collect(),
            groups: Vec::new(),
            first: 0,
            last: 0,
        });
        let mut ends: Option<(u32, u32)> = None;
        let mut inner = Vec::new();
        for child in &group.children {
            let reached = match child {
                GroupChild::Segment(ordinal) => {
                    if let Some(of) = self.of_segment.get_mut(*ordinal as usize) {
                        *of = Some(place);
                    }
                    Some((*ordinal, *ordinal))
                }
                GroupChild::Group(below) => {
                    let reached = self.add(below, &path);
                    inner.extend(reached.map(|(first, _)| (below.name, first)));
                    reached
                }
            };
            if let Some((first, last)) = reached {
                ends = Some((ends.map_or(first, |(start, _)| start), last));
            }
        }
        if let (Some(instance), Some((first, last))) = (self.all.get_mut(place), ends) {
            instance.groups = inner;
            instance.first = first;
            instance.last = last;
        }
        ends
    }

    /// All of them, in message order.
    pub(crate) fn all(&self) -> &[Instance] {
        &self.all
    }

    /// Those whose way from the top ends so.
    pub(crate) fn of_path(&self, path: &[String]) -> impl Iterator<Item = &Instance> {
        self.all
            .iter()
            .filter(|instance| ends_with(&instance.path, path))
    }

    /// Whether a segment stands in a group whose way from the top ends so; always without a way.
    pub(crate) fn has(&self, ordinal: u32, path: &[String]) -> bool {
        if path.is_empty() {
            return true;
        }
        let place = self.of_segment.get(ordinal as usize).copied().flatten();
        let instance = place.and_then(|place| self.all.get(place));
        instance.is_some_and(|instance| ends_with(&instance.path, path))
    }
}

fn ends_with(whole: &[&str], end: &[String]) -> bool {
    let skipped = whole.len().checked_sub(end.len());
    skipped.is_some_and(|skipped| whole.iter().skip(skipped).eq(end.iter()))
}
