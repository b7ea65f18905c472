//! Places in a structure: `OpenGroup`, how far a group has come, and `Target`, where a segment may
//! go from there. Looking for targets is done in `structure_search`.

use crate::segment_name::SegmentName;
use crate::structure_definition::StructureNode;

/// Deeper than any structure of the dictionary, whose deepest has eight levels.
const DESCENT_MAX: usize = 12;

/// A group that is open.
#[derive(Clone, Copy)]
pub(crate) struct OpenGroup<'n> {
    pub(crate) name: &'static str,
    pub(crate) nodes: &'n [StructureNode],
    /// The node reached, and how often it was met; 0 only when the group has just been opened.
    pub(crate) at: usize,
    pub(crate) count: usize,
    /// The segment that opened it.
    pub(crate) opener: Option<SegmentName>,
}

/// The nodes to go down through, group by group.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Descent {
    indexes: [u16; DESCENT_MAX],
    len: usize,
}

/// Where a segment goes: from the open group at `depth`, to its node `at` for the `count`th time,
/// and from there down through the nodes in `path`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) depth: usize,
    pub(crate) at: usize,
    pub(crate) count: usize,
    pub(crate) path: Descent,
}

impl<'n> OpenGroup<'n> {
    pub(crate) fn new(
        name: &'static str,
        nodes: &'n [StructureNode],
        opener: Option<SegmentName>,
    ) -> Self {
        Self {
            name,
            nodes,
            at: 0,
            count: 0,
            opener,
        }
    }

    /// The node after the one reached.
    pub(crate) fn next(&self) -> usize {
        self.at.saturating_add(usize::from(self.count > 0))
    }

    /// Whether the node reached is one of several alternatives: the one taken.
    pub(crate) fn has_alternative(&self) -> bool {
        let reached = self.nodes.get(self.at);
        self.count > 0 && reached.is_some_and(StructureNode::is_alternative)
    }

    /// Whether the group may end here.
    pub(crate) fn is_complete(&self) -> bool {
        let mut rest = self.nodes.iter().skip(self.next());
        let is_chosen = self.has_alternative();
        rest.all(|node| node.is_optional() || (is_chosen && node.is_alternative()))
    }
}

impl Descent {
    /// The nodes, outermost first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.indexes
            .iter()
            .take(self.len)
            .map(|&index| usize::from(index))
    }

    /// Whether each group on the way is entered at its beginning.
    pub(crate) fn is_anchored(&self) -> bool {
        self.iter().all(|index| index == 0)
    }

    /// How many groups it goes down through.
    pub(crate) fn level(&self) -> usize {
        self.len
    }

    /// Whether it goes into a group at all.
    pub(crate) fn is_down(&self) -> bool {
        self.len > 0
    }

    /// One level more, its node still to be set; false when there is no room.
    pub(crate) fn go_down(&mut self) -> bool {
        let has_room = self.len < DESCENT_MAX;
        self.len = self.len.saturating_add(usize::from(has_room));
        has_room
    }

    /// Sets the node of a level.
    pub(crate) fn set(&mut self, level: usize, index: usize) {
        if let Some(place) = self.indexes.get_mut(level) {
            *place = u16::try_from(index).unwrap_or(u16::MAX);
        }
    }

    /// Goes back up to a level.
    pub(crate) fn cut(&mut self, level: usize) {
        for index in self.indexes.iter_mut().take(self.len).skip(level) {
            *index = 0;
        }
        self.len = level;
    }
}

impl Target {
    /// The name of the group that the segment comes to stand in.
    pub(crate) fn group(&self, open: &[OpenGroup<'_>]) -> &'static str {
        let Some(around) = open.get(self.depth) else {
            return "";
        };
        let (mut name, mut node) = (around.name, around.nodes.get(self.at));
        for index in self.path.iter() {
            let Some(StructureNode::Group(group)) = node else {
                break;
            };
            name = group.name;
            node = group.nodes.get(index);
        }
        name
    }
}
