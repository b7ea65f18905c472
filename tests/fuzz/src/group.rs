//! Grouping: every segment stands exactly once, in the tree or among those out of place, in the
//! order of the message.

use isthmus_hl7v2::group_instance::{GroupChild, GroupInstance};
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::structure::group;

/// Checks one message.
pub fn check(bytes: &[u8]) {
    let Ok(message) = Message::parse(bytes) else {
        return;
    };
    let grouped = group(&message);
    let mut in_tree = Vec::new();
    walk(&grouped.root, &mut in_tree);
    assert!(
        in_tree.is_sorted(),
        "the tree keeps the order of the message"
    );
    let mut all = [in_tree, grouped.out_of_place].concat();
    all.sort_unstable();
    let every: Vec<u32> = message
        .segments()
        .map(|segment| segment.ordinal())
        .collect();
    assert_eq!(all, every);
}

fn walk(instance: &GroupInstance, seen: &mut Vec<u32>) {
    for child in &instance.children {
        match child {
            GroupChild::Segment(ordinal) => seen.push(*ordinal),
            GroupChild::Group(group) => walk(group, seen),
        }
    }
}
