//! A message made ready for a plan: its segments by the plan's numbers, and the group instances
//! that paths are resolved in. Values are read in `select`.

use isthmus_hl7v2::field::Repetition;
use isthmus_hl7v2::finding::Finding;
use isthmus_hl7v2::group_instance::{GroupChild, GroupInstance};
use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::segment_name::SegmentName;
use isthmus_hl7v2::structure::{group_as_with, structure_or_newest};
use isthmus_hl7v2::structure_definition::StructureNode;

use crate::plan_path::GroupPlan;

/// The group instance that stands for the message as a whole.
pub const ROOT: usize = 0;

/// One segment of a message.
#[derive(Debug, Clone, Copy)]
pub struct SegmentAt {
    /// Its place in the message, from 0.
    pub ordinal: usize,
    /// Which of its name, from 1.
    pub occurrence: u32,
    /// The group instance it belongs to.
    pub host: usize,
}

/// A group instance that repeats, or the message as a whole. A group that stands once adds no
/// instance: its segments belong to the instance around it.
#[derive(Debug, Clone)]
struct Host {
    parent: usize,
    depth: usize,
    /// Which of the plan's segments the structure has here.
    defined: Vec<bool>,
}

/// A group instance that `each` may open.
#[derive(Debug, Clone, Copy)]
struct Opened {
    name: &'static str,
    host: usize,
}

/// What a message is laid out by.
#[derive(Debug, Clone, Copy)]
struct Layout<'p> {
    /// The segments that the plan reads.
    wanted: &'p [SegmentName],
    /// The local segments that the map defines.
    local: &'p GroupingRules,
}

/// A message made ready.
#[derive(Debug)]
pub struct MessageInput<'a> {
    /// The message.
    pub message: &'a Message,
    /// Whether its structure is known.
    pub has_structure: bool,
    /// What the structure does not foresee, in message order.
    pub findings: Vec<Finding>,
    segments: Vec<Vec<SegmentAt>>,
    hosts: Vec<Host>,
    opened: Vec<Opened>,
}

impl<'a> MessageInput<'a> {
    /// Lays the message out for a plan that reads these segments: by the structure that its
    /// sender's rules or its header name, with the local segments of the map.
    pub fn new(
        message: &'a Message,
        wanted: &[SegmentName],
        local: &GroupingRules,
        structures: &GroupingRules,
    ) -> Self {
        let mut input = Self {
            message,
            has_structure: false,
            findings: Vec::new(),
            segments: vec![Vec::new(); wanted.len()],
            hosts: Vec::new(),
            opened: Vec::new(),
        };
        let structure = structure_or_newest(message, structures);
        let root = Host {
            parent: ROOT,
            depth: 0,
            defined: vec![structure.is_none(); wanted.len()],
        };
        input.hosts.push(root);
        let Some(structure) = structure else {
            for ordinal in 0..message.segment_count() {
                input.add(ordinal, ROOT, wanted);
            }
            input.number();
            return input;
        };
        input.has_structure = true;
        let layout = Layout { wanted, local };
        input.define(ROOT, structure.name, &structure.nodes, layout);
        let grouped = group_as_with(message, structure, local);
        input.lay_out(&grouped.root, &structure.nodes, ROOT, layout);
        for ordinal in &grouped.out_of_place {
            input.add(
                usize::try_from(*ordinal).unwrap_or(usize::MAX),
                ROOT,
                wanted,
            );
        }
        input.findings = grouped.findings;
        input.number();
        input
    }

    /// Puts a segment under its number; none when the plan does not read it.
    fn add(&mut self, ordinal: usize, host: usize, wanted: &[SegmentName]) -> Option<usize> {
        let name = self.message.segment(ordinal)?.name();
        let slot = wanted.iter().position(|known| *known == name)?;
        self.segments.get_mut(slot)?.push(SegmentAt {
            ordinal,
            occurrence: 0,
            host,
        });
        Some(slot)
    }

    fn number(&mut self) {
        for segments in &mut self.segments {
            segments.sort_by_key(|segment| segment.ordinal);
            for (occurrence, segment) in (1..).zip(segments) {
                segment.occurrence = occurrence;
            }
        }
    }

    /// Notes which segments a group has, those of its groups that stand once included.
    fn define(&mut self, host: usize, name: &str, nodes: &[StructureNode], layout: Layout<'_>) {
        for node in nodes {
            match node {
                StructureNode::Segment(segment) => self.has(host, segment.name, layout.wanted),
                StructureNode::Group(group) if !group.cardinality.repeats() => {
                    self.define(host, group.name, &group.nodes, layout);
                }
                StructureNode::Group(_) => {}
            }
        }
        for segment in layout.local.local_segments() {
            if segment.may_stand_in(name, nodes) {
                self.has(host, segment.name(), layout.wanted);
            }
        }
    }

    fn has(&mut self, host: usize, name: SegmentName, wanted: &[SegmentName]) {
        let slot = wanted.iter().position(|known| *known == name);
        let defined = self.hosts.get_mut(host).map(|host| &mut host.defined);
        if let Some(known) = slot.and_then(|slot| defined.and_then(|all| all.get_mut(slot))) {
            *known = true;
        }
    }

    fn lay_out(
        &mut self,
        instance: &GroupInstance,
        nodes: &[StructureNode],
        host: usize,
        layout: Layout<'_>,
    ) {
        for child in &instance.children {
            match child {
                GroupChild::Segment(ordinal) => {
                    let ordinal = usize::try_from(*ordinal).unwrap_or(usize::MAX);
                    self.add(ordinal, host, layout.wanted);
                }
                GroupChild::Group(inner) => self.open(inner, nodes, host, layout),
            }
        }
    }

    fn open(
        &mut self,
        group: &GroupInstance,
        nodes: &[StructureNode],
        host: usize,
        layout: Layout<'_>,
    ) {
        let definition = nodes.iter().find_map(|node| match node {
            StructureNode::Group(known) if known.name == group.name => Some(known),
            StructureNode::Segment(_) | StructureNode::Group(_) => None,
        });
        let below = definition.map_or(&[][..], |definition| &definition.nodes);
        let repeats = definition.is_some_and(|definition| definition.cardinality.repeats());
        let own = if repeats {
            let depth = self.hosts.get(host).map_or(0, |host| host.depth) + 1;
            let defined = vec![false; layout.wanted.len()];
            self.hosts.push(Host {
                parent: host,
                depth,
                defined,
            });
            let own = self.hosts.len() - 1;
            self.define(own, group.name, below, layout);
            own
        } else {
            host
        };
        self.opened.push(Opened {
            name: group.name,
            host: own,
        });
        self.lay_out(group, below, own, layout);
    }

    /// The group instance around one; the message is around itself.
    pub fn parent(&self, host: usize) -> usize {
        self.hosts.get(host).map_or(ROOT, |host| host.parent)
    }

    fn depth(&self, host: usize) -> usize {
        self.hosts.get(host).map_or(0, |host| host.depth)
    }

    /// Whether `inner` is `outer` or inside it.
    pub fn is_inside(&self, inner: usize, outer: usize) -> bool {
        let mut at = inner;
        while self.depth(at) > self.depth(outer) {
            at = self.parent(at);
        }
        at == outer
    }

    /// How deep the innermost group instance is that holds both.
    pub fn common_depth(&self, one: usize, other: usize) -> usize {
        let (mut one, mut other) = (one, other);
        while one != other {
            if self.depth(one) >= self.depth(other) {
                one = self.parent(one);
            } else {
                other = self.parent(other);
            }
        }
        self.depth(one)
    }

    /// The instances of a group below a group instance, in message order.
    pub fn instances(&self, names: &[&str], below: usize) -> Vec<usize> {
        let wanted = self
            .opened
            .iter()
            .filter(|opened| names.contains(&opened.name));
        wanted
            .map(|opened| opened.host)
            .filter(|host| self.is_inside(*host, below))
            .collect()
    }

    /// The group instances that a path through groups leads to from one, in message order, each
    /// once.
    pub fn hosts_behind(&self, groups: &[GroupPlan], from: usize) -> Vec<usize> {
        let mut hosts = vec![from];
        for group in groups {
            let (skip, take) = group.pick.range();
            let below = |host: &usize| {
                let mut found = self.instances(&group.names, *host);
                found.dedup();
                found.into_iter().skip(skip).take(take)
            };
            hosts = hosts.iter().flat_map(below).collect();
        }
        hosts
    }

    /// The segments that a name means in a group instance: those of the innermost instance, going
    /// outward, whose structure has the name.
    pub fn visible(&self, slot: usize, host: usize) -> impl Iterator<Item = SegmentAt> {
        let host = self.resolve(slot, host);
        let all = self
            .segments
            .get(slot)
            .map(Vec::as_slice)
            .unwrap_or_default();
        all.iter()
            .copied()
            .filter(move |segment| segment.host == host)
    }

    fn resolve(&self, slot: usize, host: usize) -> usize {
        let defines = |at: usize| {
            self.hosts
                .get(at)
                .and_then(|host| host.defined.get(slot))
                .copied()
                .unwrap_or(false)
        };
        let mut at = host;
        while at != ROOT && !defines(at) {
            at = self.parent(at);
        }
        at
    }

    /// The segments that `per` iterates: the visible ones if the group itself has the name, else
    /// all in the groups inside it, else the visible ones further out.
    pub fn iterated(&self, slot: usize, host: usize) -> Vec<SegmentAt> {
        let resolved = self.resolve(slot, host);
        let own: Vec<SegmentAt> = self.visible(slot, host).collect();
        if resolved == host && !own.is_empty() {
            return own;
        }
        let all = self
            .segments
            .get(slot)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let inside = all
            .iter()
            .copied()
            .filter(|segment| self.is_inside(segment.host, host));
        let inside: Vec<SegmentAt> = inside.collect();
        if inside.is_empty() { own } else { inside }
    }

    /// The place of a segment, for problems.
    pub fn location(&self, segment: SegmentAt) -> Option<Location> {
        let name = self.message.segment(segment.ordinal)?.name();
        Some(Location::segment(name, segment.occurrence))
    }

    /// The name of the segment that a finding is about.
    pub fn segment_name(&self, finding: &Finding) -> Option<SegmentName> {
        let ordinal = usize::try_from(finding.ordinal).ok()?;
        Some(self.message.segment(ordinal)?.name())
    }

    /// The place of the segment that a finding is about, for problems; all segments before it are
    /// counted for it.
    pub fn place_of(&self, finding: &Finding) -> Option<Location> {
        let ordinal = usize::try_from(finding.ordinal).ok()?;
        let name = self.segment_name(finding)?;
        let until = self.message.segments().take(ordinal + 1);
        let occurrence = until.filter(|segment| segment.name() == name).count();
        Some(Location::segment(name, u32::try_from(occurrence).ok()?))
    }

    /// The repetitions of a field.
    pub fn repetitions(
        &self,
        segment: SegmentAt,
        field: u16,
    ) -> impl Iterator<Item = Repetition<'a>> + use<'a> {
        let found = self.message.segment(segment.ordinal);
        let field = found.map(|found| found.field(usize::from(field)));
        field.into_iter().flat_map(|field| field.repetitions())
    }
}
