//! `Walk`, which decides segment by segment where in its structure a message goes on.
//! The places to choose from are found in `structure_search`, earlier choices are taken back in
//! `structure_back_off`, and the tree is made of the decisions in `structure_tree`.

use crate::grouping_rules::GroupingRules;
use crate::segment_name::SegmentName;
use crate::structure_ahead::Near;
use crate::structure_definition::{StructureDefinition, StructureNode};
use crate::structure_place::{OpenGroup, Target};
use crate::structure_search::{Search, Skip};

/// How many of the following segments are looked through for one that seems to be missing.
const LOOK_AHEAD_MAX: usize = 256;

/// What became of a segment.
#[derive(Clone, Copy)]
pub(crate) enum Decision {
    /// It goes to this place of the structure.
    Placed(Placed),
    /// It is a local segment with a place in the open group at this depth.
    Local(usize),
    /// There is no place for it here.
    OutOfPlace,
    /// There is a place, but as many stand there as may.
    TooMany(u16),
    /// Nobody defined the local segment.
    UndefinedLocal,
}

/// A place that a segment goes to.
#[derive(Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) target: Target,
    /// The group that could have taken it instead.
    pub(crate) rival: Option<&'static str>,
    /// Whether something required was passed over on the way.
    pub(crate) has_gap: bool,
}

/// What is laid out and by what.
#[derive(Clone, Copy)]
pub(crate) struct Layout<'n> {
    pub(crate) structure: &'n StructureDefinition,
    pub(crate) rules: &'n GroupingRules,
    pub(crate) names: &'n [SegmentName],
}

/// The decisions up to a segment, and the groups that are open after them.
pub(crate) struct Walk<'n> {
    pub(crate) layout: Layout<'n>,
    pub(crate) decisions: Vec<Decision>,
    /// Outermost first; never empty.
    pub(crate) open: Vec<OpenGroup<'n>>,
    pub(crate) search: Search<'n>,
}

impl<'n> Layout<'n> {
    /// The groups that are open before the first segment.
    pub(crate) fn start(&self) -> Vec<OpenGroup<'n>> {
        let root = OpenGroup::new(self.structure.name, &self.structure.nodes, None);
        let mut open = Vec::with_capacity(8);
        open.push(root);
        open
    }
}

impl<'n> Walk<'n> {
    pub(crate) fn new(layout: Layout<'n>) -> Self {
        Self {
            layout,
            decisions: Vec::with_capacity(layout.names.len()),
            open: layout.start(),
            search: Search::new(layout.names),
        }
    }

    /// Decides on the next segment without touching earlier decisions, if the structure foresees it
    /// here. `false` leaves all as it was.
    pub(crate) fn go_on(&mut self, name: SegmentName) -> bool {
        let found = self.search.nearest(&self.open, name, Skip::Optional);
        let Some((target, doubted)) = found else {
            return false;
        };
        if self.search.leaves_gap(&self.open, &target) {
            return false;
        }
        let rival = doubted.or_else(|| self.search.rival(&self.open, &target, name));
        let rival = rival.filter(|rival| self.stays_in_doubt(target, *rival));
        let rival = rival.map(|rival| rival.group(&self.open));
        self.decide(Decision::Placed(Placed {
            target,
            rival,
            has_gap: false,
        }));
        true
    }

    /// Whether the segment after this one speaks for `chosen` no more than for `rival`.
    fn stays_in_doubt(&mut self, chosen: Target, rival: Target) -> bool {
        let after = self.decisions.len().saturating_add(1);
        let next = self.layout.names.get(after).copied();
        let Some(next) = next.filter(|next| !next.is_local()) else {
            return true;
        };
        self.leads_on(rival, next) || !self.leads_on(chosen, next)
    }

    /// Whether `next` has a place after this segment goes to `target`.
    fn leads_on(&mut self, target: Target, next: SegmentName) -> bool {
        let mut open = self.open.clone();
        let placed = Placed {
            target,
            rival: None,
            has_gap: false,
        };
        let name = self.layout.names.get(self.decisions.len()).copied();
        carry_out(&mut open, Decision::Placed(placed), name);
        let found = self.search.nearest(&open, next, Skip::Optional);
        found.is_some_and(|(target, _)| !self.search.leaves_gap(&open, &target))
    }

    /// Decides on the next segment by passing over required ones that seem to be missing.
    pub(crate) fn pass_over(&mut self, name: SegmentName) -> bool {
        let mut found = self.search.nearest(&self.open, name, Skip::Optional);
        if found.is_none() {
            let near = self.until_next_group();
            found = self.search.nearest(&self.open, name, Skip::Missing(near));
        }
        let Some((target, _)) = found else {
            return false;
        };
        self.decide(Decision::Placed(Placed {
            target,
            rival: None,
            has_gap: true,
        }));
        true
    }

    /// Decides on a local segment.
    pub(crate) fn place_local(&mut self, name: SegmentName) {
        let decision = match self.layout.rules.local_segment(name) {
            None => Decision::UndefinedLocal,
            Some(local) => match local.host(&self.open) {
                Some(depth) => Decision::Local(depth),
                None => Decision::OutOfPlace,
            },
        };
        self.decide(decision);
    }

    /// Keeps the next segment out of the tree.
    pub(crate) fn refuse(&mut self, name: SegmentName) {
        let decision = match self.bound(name) {
            Some(max) => Decision::TooMany(max),
            None => Decision::OutOfPlace,
        };
        self.decide(decision);
    }

    /// Carries a decision out on the open groups and notes it.
    pub(crate) fn decide(&mut self, decision: Decision) {
        let next = self.layout.names.get(self.decisions.len()).copied();
        carry_out(&mut self.open, decision, next);
        self.decisions.push(decision);
    }

    /// The following segments up to one that opens a new instance of a group now open: what comes
    /// after that belongs to others.
    fn until_next_group(&mut self) -> Near {
        let after = self.decisions.len();
        let mut end = after.saturating_add(LOOK_AHEAD_MAX).saturating_add(1);
        for opener in self.open.iter().filter_map(|group| group.opener) {
            self.search.steps = self.search.steps.saturating_add(1);
            end = self
                .search
                .ahead
                .next(opener, after)
                .map_or(end, |next| next.min(end));
        }
        Near { after, end }
    }

    /// How often the segment, or the group that it begins, may stand at a place reached, when it
    /// stands there so often already.
    fn bound(&self, name: SegmentName) -> Option<u16> {
        let reached = self.open.iter().rev().filter(|group| group.count > 0);
        reached
            .filter_map(|group| group.nodes.get(group.at))
            .find_map(|node| begins_with(node, name).then(|| node.cardinality().max)?)
    }
}

/// Opens and closes groups as the decision on the segment `name` wants it.
pub(crate) fn carry_out(
    open: &mut Vec<OpenGroup<'_>>,
    decision: Decision,
    name: Option<SegmentName>,
) {
    let target = match decision {
        Decision::Placed(placed) => placed.target,
        Decision::Local(depth) => return open.truncate(depth.saturating_add(1)),
        Decision::OutOfPlace | Decision::TooMany(_) | Decision::UndefinedLocal => return,
    };
    open.truncate(target.depth.saturating_add(1));
    if let Some(group) = open.last_mut() {
        group.at = target.at;
        group.count = target.count;
    }
    for index in target.path.iter() {
        let reached = open.last().and_then(|group| group.nodes.get(group.at));
        let Some(StructureNode::Group(inner)) = reached else {
            break;
        };
        let mut opened = OpenGroup::new(inner.name, &inner.nodes, name);
        opened.at = index;
        opened.count = 1;
        open.push(opened);
    }
}

fn begins_with(node: &StructureNode, name: SegmentName) -> bool {
    match node {
        StructureNode::Segment(segment) => segment.name == name,
        StructureNode::Group(group) => group
            .nodes
            .first()
            .is_some_and(|node| begins_with(node, name)),
    }
}
