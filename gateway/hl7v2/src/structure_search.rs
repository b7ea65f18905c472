//! `Search`, the places of a structure that the next segment of a message may go to.
//! Which of them it goes to is decided in `structure_walk`.

use crate::segment_name::SegmentName;
use crate::structure_ahead::{Ahead, Near};
use crate::structure_definition::{GroupNode, StructureNode};
use crate::structure_place::{Descent, OpenGroup, Target};

/// Which nodes may be passed over on the way.
#[derive(Clone, Copy)]
pub(crate) enum Skip {
    /// Those the structure calls optional.
    Optional,
    /// Also required ones that do not come in these segments.
    Missing(Near),
}

/// Looks for places and counts the nodes it looks at.
pub(crate) struct Search<'n> {
    pub(crate) steps: u64,
    pub(crate) ahead: Ahead<'n>,
    path: Descent,
}

impl<'n> Search<'n> {
    pub(crate) fn new(names: &'n [SegmentName]) -> Self {
        Self {
            steps: 0,
            ahead: Ahead::new(names),
            path: Descent::default(),
        }
    }

    /// The nearest place, from the innermost group outward, and the other that stood in doubt.
    pub(crate) fn nearest(
        &mut self,
        open: &[OpenGroup<'_>],
        name: SegmentName,
        skip: Skip,
    ) -> Option<(Target, Option<Target>)> {
        for (depth, group) in open.iter().enumerate().rev() {
            if let Some(target) = self.again(group, depth, name) {
                return Some((target, None));
            }
            if let Some(target) = self.forward(group, depth, group.next(), name, skip) {
                // A group entered past its beginning yields to a new instance of an open group
                // that began with this very segment: an ORC after a result is the next order,
                // not a prior result without its patient.
                let next = if target.path.is_anchored() {
                    None
                } else {
                    self.next_instance(open, depth, name)
                };
                return Some(match next {
                    Some(next) => (next, Some(target)),
                    None => (target, None),
                });
            }
        }
        None
    }

    /// A new instance of the innermost group, at `depth` or further out, that `name` opened.
    fn next_instance(
        &mut self,
        open: &[OpenGroup<'_>],
        depth: usize,
        name: SegmentName,
    ) -> Option<Target> {
        let parents = open.iter().enumerate().take(depth).rev();
        let opened = open.iter().take(depth.saturating_add(1)).rev();
        parents
            .zip(opened)
            .filter(|(_, group)| group.opener == Some(name))
            .find_map(|((depth, parent), _)| self.again(parent, depth, name))
    }

    /// Another place that the grammar allows as well as `chosen`, further out or a later group of
    /// the same one: every group up to it is complete, and what it opens begins with this segment.
    pub(crate) fn rival(
        &mut self,
        open: &[OpenGroup<'_>],
        chosen: &Target,
        name: SegmentName,
    ) -> Option<Target> {
        for (depth, group) in open.iter().enumerate().rev() {
            let found = if depth < chosen.depth {
                let again = group.count > 0;
                let again = again
                    .then(|| self.begun(group, depth, group.at, name))
                    .flatten();
                again.or_else(|| self.begun_later(group, depth, group.next(), name))
            } else if depth == chosen.depth && chosen.path.is_down() {
                let reached = group.nodes.get(chosen.at);
                let may_skip = chosen.count > 1 || reached.is_some_and(StructureNode::is_optional);
                let later = chosen.at.saturating_add(1);
                let later = may_skip.then(|| self.begun_later(group, depth, later, name));
                later.flatten().filter(|target| target.path.is_down())
            } else {
                None
            };
            if found.is_some() {
                return found;
            }
            if !group.is_complete() {
                return None;
            }
        }
        None
    }

    /// The first place from the node `start` of a group on that begins with the segment.
    fn begun_later(
        &mut self,
        group: &OpenGroup<'_>,
        depth: usize,
        start: usize,
        name: SegmentName,
    ) -> Option<Target> {
        let is_chosen = group.has_alternative();
        for (at, node) in group.nodes.iter().enumerate().skip(start) {
            let found = self.begun(group, depth, at, name);
            let may_skip = node.is_optional() || (is_chosen && node.is_alternative());
            if found.is_some() || !may_skip {
                return found;
            }
        }
        None
    }

    /// The node `at` of a group, if it may come (again) and the segment is the first thing in it.
    fn begun(
        &mut self,
        group: &OpenGroup<'_>,
        depth: usize,
        at: usize,
        name: SegmentName,
    ) -> Option<Target> {
        self.steps = self.steps.saturating_add(1);
        let mut node = group.nodes.get(at)?;
        let before = if at == group.at { group.count } else { 0 };
        if !node.cardinality().allows_more(before) {
            return None;
        }
        let mut path = Descent::default();
        while let StructureNode::Group(inner) = node {
            if !path.go_down() {
                return None;
            }
            node = inner.nodes.first()?;
        }
        let StructureNode::Segment(segment) = node else {
            return None;
        };
        let count = before.saturating_add(1);
        (segment.name == name).then_some(Target {
            depth,
            at,
            count,
            path,
        })
    }

    /// Whether a segment that goes to `target` leaves a group behind that lacks something.
    pub(crate) fn leaves_gap(&mut self, open: &[OpenGroup<'_>], target: &Target) -> bool {
        let left = open.iter().skip(target.depth.saturating_add(1));
        self.steps = self.steps.saturating_add(left.len() as u64);
        left.rev().any(|group| !group.is_complete())
    }

    /// All places that leave nothing required behind, nearest first, at most `max`.
    pub(crate) fn all(
        &mut self,
        open: &[OpenGroup<'_>],
        name: SegmentName,
        max: usize,
    ) -> Vec<Target> {
        let mut found = Vec::new();
        for (depth, group) in open.iter().enumerate().rev() {
            found.extend(self.again(group, depth, name));
            let mut start = group.next();
            while let Some(target) = self.forward(group, depth, start, name, Skip::Optional) {
                found.push(target);
                start = target.at.saturating_add(1);
                if found.len() >= max
                    || !group
                        .nodes
                        .get(target.at)
                        .is_some_and(StructureNode::is_optional)
                {
                    break;
                }
            }
            if found.len() >= max || !group.is_complete() {
                break;
            }
        }
        found
    }

    /// The node reached, once more.
    fn again(&mut self, group: &OpenGroup<'_>, depth: usize, name: SegmentName) -> Option<Target> {
        let node = group.nodes.get(group.at)?;
        self.steps = self.steps.saturating_add(1);
        if group.count == 0 || !node.cardinality().allows_more(group.count) {
            return None;
        }
        self.path.cut(0);
        let fits = match node {
            StructureNode::Segment(segment) => segment.name == name,
            StructureNode::Group(inner) => self.enter(inner, name, Skip::Optional),
        };
        fits.then(|| Target {
            depth,
            at: group.at,
            count: group.count.saturating_add(1),
            path: self.path,
        })
    }

    /// A later node of the same group, from `start` on.
    fn forward(
        &mut self,
        group: &OpenGroup<'_>,
        depth: usize,
        start: usize,
        name: SegmentName,
        skip: Skip,
    ) -> Option<Target> {
        self.path.cut(0);
        let is_chosen = group.has_alternative();
        let at = self.seek(group.nodes, start, is_chosen, name, skip)?;
        Some(Target {
            depth,
            at,
            count: 1,
            path: self.path,
        })
    }

    /// The first node from `start` on that takes the segment, passing over what may be passed
    /// over. Groups below are entered by the way left in `path`. `is_chosen` says that the node
    /// before is the alternative taken among its neighbours.
    ///
    /// The depth is that of the dictionary's structures, at most nine.
    fn seek(
        &mut self,
        nodes: &[StructureNode],
        start: usize,
        is_chosen: bool,
        name: SegmentName,
        skip: Skip,
    ) -> Option<usize> {
        let mut is_chosen = is_chosen;
        let mut is_choice_open = false;
        for (index, node) in nodes.iter().enumerate().skip(start) {
            self.steps = self.steps.saturating_add(1);
            if !node.is_alternative() {
                if is_choice_open {
                    return None;
                }
                is_chosen = false;
            }
            let fits = match node {
                StructureNode::Segment(segment) => segment.name == name,
                StructureNode::Group(group) => self.enter(group, name, within(group, skip)),
            };
            if fits {
                return Some(index);
            }
            if !self.may_skip(node, skip) {
                if !node.is_alternative() {
                    return None;
                }
                is_choice_open = !is_chosen;
            }
        }
        None
    }

    /// Whether a segment of that name may open the group; the way to it is left in `path`.
    fn enter(&mut self, group: &GroupNode, name: SegmentName, skip: Skip) -> bool {
        let level = self.path.level();
        if !self.path.go_down() {
            return false;
        }
        if let Some(index) = self.seek(&group.nodes, 0, false, name, skip) {
            self.path.set(level, index);
            return true;
        }
        self.path.cut(level);
        false
    }

    fn may_skip(&mut self, node: &StructureNode, skip: Skip) -> bool {
        node.is_optional()
            || match skip {
                Skip::Optional => false,
                Skip::Missing(near) => !self.may_begin(node, near),
            }
    }

    /// Whether one of these segments may be the first of the node.
    fn may_begin(&mut self, node: &StructureNode, near: Near) -> bool {
        match node {
            StructureNode::Segment(segment) => {
                self.steps = self.steps.saturating_add(1);
                self.ahead.has(segment.name, near)
            }
            StructureNode::Group(group) => {
                let is_required =
                    |node: &StructureNode| !node.is_optional() && !node.is_alternative();
                let required = group.nodes.iter().position(is_required);
                let first = required.map_or(group.nodes.len(), |index| index.saturating_add(1));
                let mut begin = group.nodes.iter().take(first);
                begin.any(|node| self.may_begin(node, near))
            }
        }
    }
}

/// Only a required group may lack its first segments; an optional one that lacks them is not there.
fn within(group: &GroupNode, skip: Skip) -> Skip {
    if group.cardinality.min == 0 {
        Skip::Optional
    } else {
        skip
    }
}
