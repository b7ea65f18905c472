//! Instances of groups: the tree that a message becomes when it is laid out on its structure.
//! Building it is done in `structure`.

/// One instance of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInstance {
    /// The group's name without the structure's prefix, such as `ORDER_OBSERVATION`.
    pub name: &'static str,
    /// Its segments and groups in message order.
    pub children: Vec<GroupChild>,
}

/// What an instance of a group is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupChild {
    /// A segment, by its ordinal in the message (from 0).
    Segment(u32),
    /// A group.
    Group(GroupInstance),
}

impl GroupInstance {
    /// The segments that belong to this instance itself, by ordinal, without those of its groups.
    pub fn segments(&self) -> impl Iterator<Item = u32> {
        self.children.iter().filter_map(|child| match child {
            GroupChild::Segment(ordinal) => Some(*ordinal),
            GroupChild::Group(_) => None,
        })
    }

    /// The groups directly below this instance.
    pub fn groups(&self) -> impl Iterator<Item = &GroupInstance> {
        self.children.iter().filter_map(|child| match child {
            GroupChild::Segment(_) => None,
            GroupChild::Group(group) => Some(group),
        })
    }
}
