//! `Builder`, which makes the tree of a message from the decisions of its walk and notes what the
//! structure requires and nobody sent. The decisions are made in `structure_walk`.

use crate::finding::{Finding, FindingKind, Missing};
use crate::group_instance::{GroupChild, GroupInstance};
use crate::structure_definition::StructureNode;
use crate::structure_place::{OpenGroup, Target};
use crate::structure_walk::{Decision, Layout};

/// The tree as far as it is built, and all that was found on the way.
pub(crate) struct Builder<'n> {
    open: Vec<(OpenGroup<'n>, GroupInstance)>,
    pub(crate) findings: Vec<Finding>,
    /// The segment at hand.
    ordinal: u32,
}

impl<'n> Builder<'n> {
    pub(crate) fn new(layout: Layout<'n>) -> Self {
        let nothing_yet = Self {
            open: Vec::with_capacity(8),
            findings: Vec::new(),
            ordinal: 0,
        };
        let mut builder = nothing_yet;
        let structure = layout.structure;
        builder.push(OpenGroup::new(structure.name, &structure.nodes, None));
        builder
    }

    /// Puts the next segment into the tree, or among the findings.
    pub(crate) fn add(&mut self, ordinal: u32, decision: Decision) {
        self.ordinal = ordinal;
        match decision {
            Decision::Placed(placed) => {
                self.go_to(&placed.target);
                if let (Some(other), Some((given, _))) = (placed.rival, self.open.last()) {
                    let groups = [given.name, other];
                    self.note(FindingKind::Ambiguous { groups });
                }
            }
            Decision::Local(depth) => self.close_to(depth.saturating_add(1)),
            Decision::OutOfPlace => return self.note(FindingKind::OutOfPlace),
            Decision::TooMany(max) => return self.note(FindingKind::TooMany { max }),
            Decision::UndefinedLocal => return self.note(FindingKind::UndefinedLocal),
        }
        if let Some((_, instance)) = self.open.last_mut() {
            instance.children.push(GroupChild::Segment(ordinal));
        }
    }

    /// Closes all groups and gives the tree up.
    pub(crate) fn finish(mut self) -> (GroupInstance, Vec<Finding>) {
        self.close_to(1);
        let root = self.open.pop();
        if let Some((group, _)) = &root {
            self.note_rest(group);
        }
        let nothing = GroupInstance {
            name: "",
            children: Vec::new(),
        };
        (
            root.map_or(nothing, |(_, instance)| instance),
            self.findings,
        )
    }

    fn push(&mut self, group: OpenGroup<'n>) {
        let instance = GroupInstance {
            name: group.name,
            children: Vec::new(),
        };
        self.open.push((group, instance));
    }

    fn go_to(&mut self, target: &Target) {
        self.close_to(target.depth.saturating_add(1));
        if let Some((group, _)) = self.open.last_mut() {
            let before = *group;
            group.at = target.at;
            group.count = target.count;
            self.note_missing(&before, before.next(), target.at);
        }
        for index in target.path.iter() {
            let reached = self.open.last().map(|(group, _)| group);
            let reached = reached.and_then(|group| group.nodes.get(group.at));
            let Some(StructureNode::Group(inner)) = reached else {
                break;
            };
            let mut opened = OpenGroup::new(inner.name, &inner.nodes, None);
            self.note_missing(&opened, 0, index);
            opened.at = index;
            opened.count = 1;
            self.push(opened);
        }
    }

    /// Closes groups until `depth` are open, each becoming part of the one around it.
    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth.max(1) {
            let Some((group, instance)) = self.open.pop() else {
                return;
            };
            self.note_rest(&group);
            if let Some((_, around)) = self.open.last_mut() {
                around.children.push(GroupChild::Group(instance));
            }
        }
    }

    /// Notes what is missing after the node reached.
    fn note_rest(&mut self, group: &OpenGroup<'_>) {
        self.note_missing(group, group.next(), group.nodes.len());
    }

    /// Notes what is missing among the nodes from `first` up to, not including, `end`.
    fn note_missing(&mut self, group: &OpenGroup<'_>, first: usize, end: usize) {
        let is_choice = |at: usize| {
            group
                .nodes
                .get(at)
                .is_some_and(StructureNode::is_alternative)
        };
        // One alternative of each row is required; the node before or the one reached may be it.
        let mut is_in_row = first > 0 && first.checked_sub(1).is_some_and(is_choice);
        let mut row = None;
        for (at, node) in group.nodes.iter().enumerate().take(end).skip(first) {
            match node {
                StructureNode::Segment(segment) if segment.is_alternative => {
                    if !is_in_row {
                        row = Some(segment.name);
                    }
                    is_in_row = true;
                    if is_choice(at.saturating_add(1)) {
                        continue;
                    }
                    if let Some(first) = row.take() {
                        self.note_one(group, Missing::OneOf(first));
                    }
                    is_in_row = false;
                }
                _ if node.is_optional() => is_in_row = false,
                StructureNode::Segment(segment) => {
                    is_in_row = false;
                    self.note_one(group, Missing::Segment(segment.name));
                }
                StructureNode::Group(inner) => {
                    is_in_row = false;
                    self.note_one(group, Missing::Group(inner.name));
                }
            }
        }
    }

    fn note_one(&mut self, group: &OpenGroup<'_>, missing: Missing) {
        self.note(FindingKind::MissingRequired {
            missing,
            within: group.name,
        });
    }

    fn note(&mut self, kind: FindingKind) {
        let ordinal = self.ordinal;
        self.findings.push(Finding { ordinal, kind });
    }
}
