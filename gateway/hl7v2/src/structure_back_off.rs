//! `BackOff`, which takes a recent choice of a walk back when a segment finds no place because of
//! it. How a walk chooses at first is in `structure_walk`.

use crate::segment_name::SegmentName;
use crate::structure_definition::StructureNode;
use crate::structure_place::OpenGroup;
use crate::structure_walk::{Decision, Layout, Placed, Walk, carry_out};

/// How many decisions may be taken back at once.
const WINDOW: usize = 12;

/// How many places are tried for one segment.
const PLACES_MAX: usize = 4;

/// The steps that all attempts of a message may take: so many, and so many for each segment passed.
/// They bound the work of a message full of surprises to a multiple of its length.
const STEPS_AT_FIRST: u64 = 16_384;
const STEPS_A_SEGMENT: u64 = 128;

/// What has been spent on attempts, and a point on the way that they can start from.
pub(crate) struct BackOff<'n> {
    spent: u64,
    /// The groups that are open before the decision `at`.
    open: Vec<OpenGroup<'n>>,
    at: usize,
}

impl<'n> BackOff<'n> {
    pub(crate) fn new(layout: Layout<'n>) -> Self {
        Self {
            spent: 0,
            open: layout.start(),
            at: 0,
        }
    }

    /// Decides on the next segment, which found no place, by deciding otherwise on one shortly
    /// before it, such that all in between still stands. The nearest such choice counts.
    pub(crate) fn attempt(&mut self, walk: &mut Walk<'n>, name: SegmentName) -> bool {
        let end = walk.decisions.len();
        let allowed = STEPS_A_SEGMENT.saturating_mul(end as u64);
        let allowed = allowed.saturating_add(STEPS_AT_FIRST);
        if self.spent >= allowed {
            return false;
        }
        let before = walk.search.steps;
        let done = self.try_all(walk, name, allowed);
        self.spent = self
            .spent
            .saturating_add(walk.search.steps.saturating_sub(before));
        done
    }

    fn try_all(&mut self, walk: &mut Walk<'n>, name: SegmentName, allowed: u64) -> bool {
        if !has_place(walk.layout.structure.nodes.as_slice(), name, walk) {
            return false;
        }
        let limit = walk
            .search
            .steps
            .saturating_add(allowed.saturating_sub(self.spent));
        let end = walk.decisions.len();
        self.move_to(end.saturating_sub(WINDOW), walk);
        let states = self.states(walk);
        for (ordinal, open) in (self.at..end).zip(&states).rev() {
            let Some(&Decision::Placed(taken)) = walk.decisions.get(ordinal) else {
                continue;
            };
            let Some(&moved) = walk.layout.names.get(ordinal) else {
                continue;
            };
            for target in walk.search.all(open, moved, PLACES_MAX) {
                if walk.search.steps >= limit {
                    return false;
                }
                if taken.has_gap || target == taken.target {
                    continue;
                }
                // When the very next segment asks for it, nothing is in doubt any more.
                let given = taken.target.group(open);
                let in_doubt = ordinal.saturating_add(1) < end && given != target.group(open);
                let otherwise = Placed {
                    target,
                    rival: in_doubt.then_some(given),
                    has_gap: false,
                };
                if replace(walk, ordinal, open, otherwise) {
                    return true;
                }
            }
        }
        false
    }

    /// Moves the starting point on to a decision; it never has to go back.
    fn move_to(&mut self, at: usize, walk: &Walk<'n>) {
        for ordinal in self.at..at {
            if let Some(&decision) = walk.decisions.get(ordinal) {
                carry_out(
                    &mut self.open,
                    decision,
                    walk.layout.names.get(ordinal).copied(),
                );
            }
        }
        self.at = self.at.max(at);
    }

    /// The open groups before each decision from the starting point on.
    fn states(&self, walk: &mut Walk<'n>) -> Vec<Vec<OpenGroup<'n>>> {
        let mut open = self.open.clone();
        let mut states = Vec::with_capacity(WINDOW);
        let names = walk.layout.names.iter().skip(self.at);
        for (&decision, &name) in walk.decisions.iter().skip(self.at).zip(names) {
            states.push(open.clone());
            carry_out(&mut open, decision, Some(name));
            walk.search.steps = walk.search.steps.saturating_add(1);
        }
        states
    }
}

/// Decides otherwise on the segment at `ordinal` and anew on all after it up to the next one;
/// undone when one of them, but for those out of place before, does not fit any more.
fn replace<'n>(
    walk: &mut Walk<'n>,
    ordinal: usize,
    open: &[OpenGroup<'n>],
    otherwise: Placed,
) -> bool {
    let end = walk.decisions.len();
    let kept_open = std::mem::replace(&mut walk.open, open.to_vec());
    let kept = walk.decisions.split_off(ordinal);
    walk.decide(Decision::Placed(otherwise));
    for at in ordinal.saturating_add(1)..=end {
        let old = kept.get(at.saturating_sub(ordinal));
        let Some(&name) = walk.layout.names.get(at) else {
            break;
        };
        if name.is_local() {
            walk.place_local(name);
            continue;
        }
        if walk.go_on(name) {
            continue;
        }
        let stands = match old {
            Some(Decision::Placed(placed)) => placed.has_gap && walk.pass_over(name),
            Some(&other) => {
                walk.decide(other);
                true
            }
            None => false,
        };
        if !stands {
            walk.decisions.truncate(ordinal);
            walk.decisions.extend(kept);
            walk.open = kept_open;
            return false;
        }
    }
    true
}

/// Whether the structure has the segment at all.
fn has_place(nodes: &[StructureNode], name: SegmentName, walk: &mut Walk<'_>) -> bool {
    nodes.iter().any(|node| {
        walk.search.steps = walk.search.steps.saturating_add(1);
        match node {
            StructureNode::Segment(segment) => segment.name == name,
            StructureNode::Group(group) => has_place(&group.nodes, name, walk),
        }
    })
}

/// Lays out all segments of a message.
pub(crate) fn walk(layout: Layout<'_>) -> Walk<'_> {
    let mut walk = Walk::new(layout);
    let mut back_off = BackOff::new(layout);
    for &name in layout.names {
        if name.is_local() {
            walk.place_local(name);
        } else if !(walk.go_on(name) || back_off.attempt(&mut walk, name) || walk.pass_over(name)) {
            walk.refuse(name);
        }
    }
    walk
}
