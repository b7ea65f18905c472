//! The walk that builds a new resource out of the granted values of an old one: nothing is copied
//! that a row does not name. The trees it walks by are made in `projection`.

use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::path::syntax::Key;
use isthmus_fhir::resource::Resource;

use crate::privacy::coarsening::{Coarsening, is_date, is_time, month, year, zip3};
use crate::privacy::projection::{Below, Branch, Chosen, Leaf, LeafKind, MemberRule, Node};

/// Deeper trees are refused; the JSON reader refuses them before.
const DEPTH_MAX: usize = 256;

/// The granted part of a resource; None when nothing in it is granted.
pub(in crate::privacy) fn project(tree: &Node, resource: &Resource) -> Option<Resource> {
    let mut granted = Resource::new(resource.resource_type());
    let mut ways = [Way::of(tree)];
    let members = members(&mut ways, resource.object());
    let found = !members.is_empty();
    for (name, element) in members.into_members() {
        granted.object_mut().push(name, element);
    }
    found.then_some(granted)
}

/// Whether a resource says that it cannot be understood by its elements alone: implicit rules, or a
/// modifier extension anywhere (FHIR R4, 2.4.1 and 2.26.0.3). Too deep counts as yes.
pub(in crate::privacy) fn has_own_rules(resource: &Resource) -> bool {
    let object = resource.object();
    let implicit = ["implicitRules", "_implicitRules"];
    implicit.iter().any(|name| object.get(name).is_some()) || object_is_modified(object, 0)
}

fn object_is_modified(object: &Object, depth: usize) -> bool {
    depth > DEPTH_MAX
        || object
            .members()
            .any(|(name, element)| name == "modifierExtension" || is_modified(element, depth + 1))
}

fn is_modified(element: &Element, depth: usize) -> bool {
    match element {
        Element::Object(object) => object_is_modified(object, depth),
        Element::Array(elements) => {
            depth > DEPTH_MAX
                || elements
                    .iter()
                    .any(|element| is_modified(element, depth + 1))
        }
        Element::Null | Element::Boolean(_) | Element::Number(_) | Element::String(_) => false,
    }
}

/// One of the trees that an object is walked by: several rows can choose the same repetition.
struct Way<'t> {
    node: &'t Node,
    /// The keys' values, to be written when something below was granted.
    constants: Option<&'t Object>,
    granted: bool,
}

impl<'t> Way<'t> {
    const fn of(node: &'t Node) -> Self {
        Self {
            node,
            constants: None,
            granted: false,
        }
    }
}

/// The granted members of an object.
fn members(ways: &mut [Way<'_>], source: &Object) -> Object {
    let mut object = Object::new();
    for at in 0..ways.len() {
        let Some(node) = ways.get(at).map(|way| way.node) else {
            continue;
        };
        for rule in &node.members {
            let Some(member) = source.get(&rule.name) else {
                continue;
            };
            if object.get(&rule.name).is_none()
                && let Some(element) = repetitions(ways, rule, member, source)
            {
                object.push(rule.name.clone(), element);
            }
        }
    }
    for constants in ways
        .iter()
        .filter(|way| way.granted)
        .filter_map(|way| way.constants)
    {
        fix(&mut object, constants);
    }
    object
}

/// The granted repetitions of a member, as the array or single value that JSON has there.
fn repetitions(
    ways: &mut [Way<'_>],
    rule: &MemberRule,
    member: &Element,
    above: &Object,
) -> Option<Element> {
    if !rule.repeats {
        let single = !matches!(member, Element::Array(_));
        return single
            .then(|| repetition(ways, rule, member, 0, above))
            .flatten();
    }
    let elements = member.as_list().iter().enumerate();
    let granted = elements.filter_map(|(at, element)| repetition(ways, rule, element, at, above));
    let granted: Vec<Element> = granted.collect();
    (!granted.is_empty()).then_some(Element::Array(granted))
}

/// What is granted of one repetition, by all the branches that choose it.
fn repetition(
    ways: &mut [Way<'_>],
    rule: &MemberRule,
    element: &Element,
    at: usize,
    above: &Object,
) -> Option<Element> {
    let mut value = None;
    let mut below: Vec<Way<'_>> = Vec::new();
    let mut parents: Vec<usize> = Vec::new();
    for (number, way) in ways.iter_mut().enumerate() {
        let same = |other: &&MemberRule| other.name == rule.name;
        let branches = way
            .node
            .members
            .iter()
            .find(same)
            .map(|rule| &rule.branches);
        for branch in branches
            .into_iter()
            .flatten()
            .filter(|branch| chooses(branch, element, at))
        {
            match &branch.below {
                Below::Node(node) => {
                    below.push(Way {
                        constants: branch.constants(),
                        ..Way::of(node)
                    });
                    parents.push(number);
                }
                Below::Leaf(leaf) => {
                    if let Some(granted) = grant(leaf, element, above) {
                        way.granted = true;
                        value = Some(granted);
                    }
                }
            }
        }
    }
    if let (false, Some(source)) = (below.is_empty(), element.as_object()) {
        let object = members(&mut below, source);
        for (way, parent) in below.iter().zip(&parents) {
            if let (true, Some(parent)) = (way.granted, ways.get_mut(*parent)) {
                parent.granted = true;
            }
        }
        value = (!object.is_empty()).then_some(Element::Object(object));
    }
    value
}

impl Branch {
    const fn constants(&self) -> Option<&Object> {
        match &self.chosen {
            Chosen::Keyed { constants, .. } => Some(constants),
            Chosen::All | Chosen::First => None,
        }
    }
}

fn chooses(branch: &Branch, element: &Element, at: usize) -> bool {
    match &branch.chosen {
        Chosen::All => true,
        Chosen::First => at == 0,
        Chosen::Keyed { keys, .. } => keys.iter().all(|key| has_key(element, key)),
    }
}

fn has_key(element: &Element, key: &Key) -> bool {
    key.value
        .text()
        .is_some_and(|text| holds(element, &key.path, text))
}

/// Whether a value at the end of the names has this text.
fn holds(element: &Element, names: &[String], text: &str) -> bool {
    let Some((name, below)) = names.split_first() else {
        return element
            .as_list()
            .iter()
            .any(|value| value.primitive_text() == Some(text));
    };
    element
        .as_list()
        .iter()
        .filter_map(|element| element.get(name))
        .any(|member| holds(member, below, text))
}

/// A granted value, coarsened; None when it is not of its type, for what cannot be read cannot be
/// known to be what the row grants.
fn grant(leaf: &Leaf, element: &Element, above: &Object) -> Option<Element> {
    if !leaf.systems.is_empty() {
        let system = above.get("system").and_then(Element::as_str);
        system.filter(|system| leaf.systems.iter().any(|known| known == system))?;
    }
    let text = element.as_str();
    let fits = match leaf.kind {
        LeafKind::Boolean => element.as_bool().is_some(),
        LeafKind::Number => element.as_number().is_some(),
        LeafKind::Date => text.is_some_and(is_date),
        LeafKind::Time => text.is_some_and(is_time),
        LeafKind::Text => text.is_some_and(|text| !text.is_empty()),
    };
    let coarse = |coarsened: Option<&str>| coarsened.map(Element::from);
    match leaf.coarsen {
        Coarsening::None | Coarsening::State => fits.then(|| element.clone()),
        Coarsening::Year => coarse(text.and_then(year)),
        Coarsening::Month => coarse(text.and_then(month)),
        Coarsening::Zip3 => coarse(text.and_then(zip3)),
    }
}

/// Writes the values that keys fix into an object.
fn fix(object: &mut Object, constants: &Object) {
    for (name, constant) in constants.members() {
        match (object.get_mut(name), constant) {
            (Some(Element::Object(present)), Element::Object(constant)) => fix(present, constant),
            (Some(Element::Array(present)), Element::Array(constants)) => {
                for constant in constants {
                    if !present.iter().any(|element| includes(element, constant)) {
                        present.push(constant.clone());
                    }
                }
            }
            (Some(present), constant) => *present = constant.clone(),
            (None, constant) => object.push(name.clone(), constant.clone()),
        }
    }
}

/// Whether an element has all that a constant has.
fn includes(element: &Element, constant: &Element) -> bool {
    match (element, constant) {
        (Element::Object(element), Element::Object(constant)) => constant
            .members()
            .all(|(name, constant)| element.get(name).is_some_and(|e| includes(e, constant))),
        (Element::Array(elements), Element::Array(constants)) => constants
            .iter()
            .all(|constant| elements.iter().any(|element| includes(element, constant))),
        (element, constant) => element == constant,
    }
}
