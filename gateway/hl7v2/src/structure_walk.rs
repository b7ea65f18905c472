//! `Walk`, the place a message has reached in its structure, and where its next segment may go.
//! Choosing the structure and reporting the outcome are in `structure`.

use crate::group_instance::{GroupChild, GroupInstance};
use crate::segment_name::SegmentName;
use crate::structure_definition::{GroupNode, StructureNode};

/// How many of the following segments are looked through for one that seems to be missing.
const LOOK_AHEAD_MAX: usize = 256;

/// The groups that are open, outermost first; never empty.
pub(crate) struct Walk {
    open: Vec<OpenGroup>,
}

struct OpenGroup {
    nodes: &'static [StructureNode],
    /// The node reached, and how often it was met; 0 only when the group has just been opened.
    at: usize,
    count: usize,
    /// The segment that opened it.
    opener: Option<SegmentName>,
    instance: GroupInstance,
}

/// Where a segment goes: from the open group at `depth`, to its node `at` for the `count`th time,
/// and from there down through the nodes in `path`.
struct Target {
    depth: usize,
    at: usize,
    count: usize,
    path: Vec<usize>,
}

/// Which nodes may be passed over on the way.
#[derive(Clone, Copy)]
enum Skip<'s> {
    /// Those the structure calls optional.
    Optional,
    /// Also required ones that do not come in these segments.
    Missing(&'s [SegmentName]),
}

impl Walk {
    pub(crate) fn new(name: &'static str, nodes: &'static [StructureNode]) -> Self {
        Self {
            open: vec![OpenGroup::new(name, nodes, None)],
        }
    }

    /// Puts the segment into the tree; false when the structure has no place for it here.
    /// `following` are the names of the segments after it.
    pub(crate) fn place(
        &mut self,
        ordinal: u32,
        name: SegmentName,
        following: &[SegmentName],
    ) -> bool {
        if let Some(target) = self.find(name, Skip::Optional) {
            self.go(target, ordinal, name);
            return true;
        }
        let near = self.until_next_group(following);
        let Some(target) = self.find(name, Skip::Missing(near)) else {
            return false;
        };
        self.go(target, ordinal, name);
        true
    }

    /// Closes all groups and gives the tree up.
    pub(crate) fn finish(mut self) -> GroupInstance {
        self.close_to(1);
        let root = self.open.pop().map(|group| group.instance);
        root.unwrap_or(GroupInstance {
            name: "",
            children: Vec::new(),
        })
    }

    /// The following segments up to one that opens a new instance of a group now open: what comes
    /// after that belongs to others.
    fn until_next_group<'s>(&self, following: &'s [SegmentName]) -> &'s [SegmentName] {
        let opens = |name: &SegmentName| self.open.iter().any(|group| group.opener == Some(*name));
        let near = following.iter().take(LOOK_AHEAD_MAX);
        let end = near.clone().position(opens).unwrap_or(near.len());
        following.get(..end).unwrap_or_default()
    }

    fn find(&self, name: SegmentName, skip: Skip<'_>) -> Option<Target> {
        let mut path = Vec::new();
        for (depth, group) in self.open.iter().enumerate().rev() {
            if let Some(target) = group.again(depth, name, &mut path) {
                return Some(target);
            }
            if let Some(target) = group.forward(depth, name, skip, &mut path) {
                // A group entered past its beginning yields to a new instance of an open group
                // that began with this very segment: an ORC after a result is the next order,
                // not a prior result without its patient.
                let is_anchored = target.path.iter().all(|&index| index == 0);
                let next = if is_anchored {
                    None
                } else {
                    self.next_instance(depth, name)
                };
                return Some(next.unwrap_or(target));
            }
        }
        None
    }

    /// A new instance of the innermost group, at `depth` or further out, that `name` opened.
    fn next_instance(&self, depth: usize, name: SegmentName) -> Option<Target> {
        let parents = self.open.iter().enumerate().take(depth).rev();
        let opened = self.open.iter().take(depth.saturating_add(1)).rev();
        parents
            .zip(opened)
            .filter(|(_, group)| group.opener == Some(name))
            .find_map(|((depth, parent), _)| parent.again(depth, name, &mut Vec::new()))
    }

    fn go(&mut self, target: Target, ordinal: u32, name: SegmentName) {
        self.close_to(target.depth.saturating_add(1));
        if let Some(group) = self.open.last_mut() {
            group.at = target.at;
            group.count = target.count;
        }
        for index in target.path {
            let Some(StructureNode::Group(inner)) =
                self.open.last().and_then(|group| group.nodes.get(group.at))
            else {
                break;
            };
            let mut opened = OpenGroup::new(inner.name, &inner.nodes, Some(name));
            opened.at = index;
            opened.count = 1;
            self.open.push(opened);
        }
        if let Some(group) = self.open.last_mut() {
            group.instance.children.push(GroupChild::Segment(ordinal));
        }
    }

    /// Closes groups until `depth` are open, each becoming part of the one around it.
    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth.max(1) {
            let closed = self.open.pop();
            if let (Some(closed), Some(around)) = (closed, self.open.last_mut()) {
                around
                    .instance
                    .children
                    .push(GroupChild::Group(closed.instance));
            }
        }
    }
}

impl OpenGroup {
    fn new(
        name: &'static str,
        nodes: &'static [StructureNode],
        opener: Option<SegmentName>,
    ) -> Self {
        let instance = GroupInstance {
            name,
            children: Vec::new(),
        };
        Self {
            nodes,
            at: 0,
            count: 0,
            opener,
            instance,
        }
    }

    /// The node reached, once more.
    fn again(&self, depth: usize, name: SegmentName, path: &mut Vec<usize>) -> Option<Target> {
        let node = self.nodes.get(self.at)?;
        if self.count == 0 || !node.cardinality().allows_more(self.count) {
            return None;
        }
        let fits = match node {
            StructureNode::Segment(segment) => segment.name == name,
            StructureNode::Group(group) => enter(group, name, Skip::Optional, path),
        };
        let count = self.count.saturating_add(1);
        fits.then(|| Target {
            depth,
            at: self.at,
            count,
            path: std::mem::take(path),
        })
    }

    /// A later node of the same group.
    fn forward(
        &self,
        depth: usize,
        name: SegmentName,
        skip: Skip<'_>,
        path: &mut Vec<usize>,
    ) -> Option<Target> {
        let start = self.at.saturating_add(usize::from(self.count > 0));
        let is_chosen = self.count > 0 && self.nodes.get(self.at).is_some_and(is_alternative);
        let at = seek(self.nodes, start, is_chosen, name, skip, path)?;
        Some(Target {
            depth,
            at,
            count: 1,
            path: std::mem::take(path),
        })
    }
}

/// The first node from `start` on that takes the segment, passing over what may be passed over.
/// Groups below are entered by the way left in `path`. `is_chosen` says that the node before is
/// the alternative taken among its neighbours.
///
/// The depth is that of the dictionary's structures, at most nine.
fn seek(
    nodes: &[StructureNode],
    start: usize,
    is_chosen: bool,
    name: SegmentName,
    skip: Skip<'_>,
    path: &mut Vec<usize>,
) -> Option<usize> {
    let mut is_chosen = is_chosen;
    let mut is_choice_open = false;
    for (index, node) in nodes.iter().enumerate().skip(start) {
        if !is_alternative(node) {
            if is_choice_open {
                return None;
            }
            is_chosen = false;
        }
        let fits = match node {
            StructureNode::Segment(segment) => segment.name == name,
            StructureNode::Group(group) => enter(group, name, within(group, skip), path),
        };
        if fits {
            return Some(index);
        }
        if !skip.allows(node) {
            if !is_alternative(node) {
                return None;
            }
            is_choice_open = !is_chosen;
        }
    }
    None
}

/// Whether a segment of that name may open the group; the way to it is left in `path`.
fn enter(group: &GroupNode, name: SegmentName, skip: Skip<'_>, path: &mut Vec<usize>) -> bool {
    let place = path.len();
    match seek(&group.nodes, 0, false, name, skip, path) {
        Some(index) => {
            path.insert(place, index);
            true
        }
        None => false,
    }
}

/// Only a required group may lack its first segments; an optional one that lacks them is not there.
fn within<'s>(group: &GroupNode, skip: Skip<'s>) -> Skip<'s> {
    if group.cardinality.min == 0 {
        Skip::Optional
    } else {
        skip
    }
}

impl Skip<'_> {
    fn allows(self, node: &StructureNode) -> bool {
        is_optional(node)
            || match self {
                Self::Optional => false,
                Self::Missing(near) => !may_begin(node, near),
            }
    }
}

/// Whether the node may be left out: by its cardinality, or because all in it is optional.
fn is_optional(node: &StructureNode) -> bool {
    match node {
        StructureNode::Segment(segment) => segment.cardinality.min == 0 && !segment.is_alternative,
        StructureNode::Group(group) => {
            group.cardinality.min == 0 || group.nodes.iter().all(is_optional)
        }
    }
}

fn is_alternative(node: &StructureNode) -> bool {
    match node {
        StructureNode::Segment(segment) => segment.is_alternative,
        StructureNode::Group(_) => false,
    }
}

/// Whether one of these segments may be the first of the node.
fn may_begin(node: &StructureNode, near: &[SegmentName]) -> bool {
    match node {
        StructureNode::Segment(segment) => near.contains(&segment.name),
        StructureNode::Group(group) => {
            let is_required = |node| !is_optional(node) && !is_alternative(node);
            let required = group.nodes.iter().position(is_required);
            let first = required.map_or(group.nodes.len(), |index| index.saturating_add(1));
            group
                .nodes
                .iter()
                .take(first)
                .any(|node| may_begin(node, near))
        }
    }
}
