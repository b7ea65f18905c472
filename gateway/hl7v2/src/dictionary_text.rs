//! Reads one version out of the compact text in the folder `dictionary`, whose form the example
//! `make_dictionary` writes. Looking things up in what was read is done in `dictionary`.

use crate::definition::{Cardinality, DatatypeDefinition, ElementDefinition, SegmentDefinition};
use crate::segment_name::SegmentName;
use crate::structure_definition::{GroupNode, SegmentNode, StructureDefinition, StructureNode};

/// The versions the dictionary knows, oldest first.
pub(crate) const VERSIONS: [&str; 12] = [
    "2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2",
];

const SEGMENTS: &str = include_str!("../dictionary/segments.txt");
const DATATYPES: &str = include_str!("../dictionary/datatypes.txt");
const STRUCTURES: &str = include_str!("../dictionary/structures.txt");
const EVENTS: &str = include_str!("../dictionary/events.txt");
const OLDER_EVENTS: &str = include_str!("../dictionary/older-events.txt");

/// The segments of the version at `place` in [`VERSIONS`], by name.
pub(crate) fn segments(place: usize) -> Vec<SegmentDefinition> {
    owners(SEGMENTS, place)
        .filter_map(|(name, fields)| {
            Some(SegmentDefinition {
                name: SegmentName::new(name.as_bytes())?,
                fields,
            })
        })
        .collect()
}

/// The datatypes with components of the version at `place` in [`VERSIONS`], by name.
pub(crate) fn datatypes(place: usize) -> Vec<DatatypeDefinition> {
    owners(DATATYPES, place)
        .map(|(name, components)| DatatypeDefinition { name, components })
        .collect()
}

/// Blocks of a name and its indented elements, those of one version.
fn owners(
    text: &'static str,
    place: usize,
) -> impl Iterator<Item = (&'static str, Vec<ElementDefinition>)> {
    let mut blocks: Vec<(&str, Vec<ElementDefinition>)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if !line.starts_with(' ') {
            blocks.push((line, Vec::new()));
        } else if let (Some((_, elements)), Some(element)) =
            (blocks.last_mut(), element(line, place))
        {
            elements.push(element);
        }
    }
    blocks
        .into_iter()
        .filter(|(_, elements)| !elements.is_empty())
}

fn element(line: &'static str, place: usize) -> Option<ElementDefinition> {
    let mut words = line.split_ascii_whitespace();
    let number = words.next()?.parse().ok()?;
    let name = words.next()?;
    let datatype = words.next().filter(|datatype| *datatype != "-");
    let (min, max) = words.next()?.split_once("..")?;
    let table = words.next()?.parse().ok();
    if !in_ranges(words.next()?, place) {
        return None;
    }
    let cardinality = Cardinality {
        min: min.parse().ok()?,
        max: max.parse().ok(),
    };
    Some(ElementDefinition {
        number,
        name,
        datatype,
        cardinality,
        table,
    })
}

/// Whether the version at `place` lies in `2.3-2.5.1,2.7`.
pub(crate) fn in_ranges(ranges: &str, place: usize) -> bool {
    let at = |version| VERSIONS.iter().position(|known| *known == version);
    ranges.split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        at(first).is_some_and(|first| first <= place) && at(last).is_some_and(|last| place <= last)
    })
}

/// The message structures of the version at `place` in [`VERSIONS`], by name.
pub(crate) fn structures(place: usize) -> Vec<StructureDefinition> {
    let mut structures = Vec::new();
    let mut lines = STRUCTURES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .peekable();
    while let Some(header) = lines.next() {
        let words = std::iter::from_fn(|| lines.next_if(|line| line.starts_with(' ')))
            .flat_map(str::split_ascii_whitespace);
        let Some((name, ranges)) = header.split_once(' ') else {
            continue;
        };
        if in_ranges(ranges, place) {
            structures.push(StructureDefinition {
                name,
                nodes: nodes(words),
            });
        } else {
            words.for_each(drop);
        }
    }
    structures
}

/// Reads nodes with a stack of open groups, so that depth costs no recursion.
fn nodes(words: impl Iterator<Item = &'static str>) -> Vec<StructureNode> {
    let mut open: Vec<GroupNode> = Vec::new();
    let mut nodes = Vec::new();
    for word in words {
        if word == ")" {
            let Some(mut group) = open.pop() else {
                continue;
            };
            std::mem::swap(&mut group.nodes, &mut nodes);
            nodes.push(StructureNode::Group(group));
        } else if let Some(group) = word.strip_suffix('(') {
            let (name, cardinality) = marked(group);
            // The group keeps its elder siblings while its own nodes are read.
            open.push(GroupNode {
                name,
                cardinality,
                nodes: std::mem::take(&mut nodes),
            });
        } else {
            let is_alternative = word.ends_with('|');
            let (name, cardinality) = marked(word);
            if let Some(name) = SegmentName::new(name.as_bytes()) {
                let segment = SegmentNode {
                    name,
                    cardinality,
                    is_alternative,
                };
                nodes.push(StructureNode::Segment(segment));
            }
        }
    }
    nodes
}

fn marked(word: &'static str) -> (&'static str, Cardinality) {
    let name = word.trim_end_matches(['?', '*', '+', '|']);
    let (min, max) = match word.strip_prefix(name) {
        Some("?" | "|") => (0, Some(1)),
        Some("*") => (0, None),
        Some("+") => (1, None),
        Some(_) | None => (1, Some(1)),
    };
    (name, Cardinality { min, max })
}

/// Message type, event and structure: table 0354 in its newest form, then what older versions did
/// differently. An event may stand several times; the first structure that a version has counts.
pub(crate) fn listed_events() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let newest = EVENTS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| {
            let (structure, events) = line.split_once(' ').unwrap_or_default();
            let (of, _) = structure.split_once('_').unwrap_or_default();
            events.split(' ').map(move |event| (of, event, structure))
        });
    let older = OLDER_EVENTS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (of, rest) = line.split_once(' ')?;
            let (event, structure) = rest.split_once(' ')?;
            Some((of, event, structure))
        });
    newest.chain(older)
}
