//! The rows of a flow compiled to one tree a resource type, so that a resource is projected in one
//! walk. The walk itself is in `projector`.

use std::collections::BTreeMap;

use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::definitions::structure::Member;
use isthmus_fhir::element::Object;
use isthmus_fhir::name::Name;
use isthmus_fhir::path::resolve::ResolvedPath;
use isthmus_fhir::path::syntax::{ElementPath, Key, Selector, Step};

use crate::privacy::allow_row::AllowRow;
use crate::privacy::coarsening::Coarsening;

/// The trees by resource type.
#[derive(Debug, Default)]
pub(in crate::privacy) struct Projection {
    types: BTreeMap<String, Node>,
}

/// What may be read of one object.
#[derive(Debug, Default)]
pub(in crate::privacy) struct Node {
    pub(in crate::privacy) members: Vec<MemberRule>,
}

/// What may be read of one member.
#[derive(Debug)]
pub(in crate::privacy) struct MemberRule {
    pub(in crate::privacy) name: Name,
    /// Whether JSON has an array here.
    pub(in crate::privacy) repeats: bool,
    /// Where the member stands among its siblings in the definitions.
    order: usize,
    pub(in crate::privacy) branches: Vec<Branch>,
}

/// Which repetitions, and what of them.
#[derive(Debug)]
pub(in crate::privacy) struct Branch {
    pub(in crate::privacy) chosen: Chosen,
    pub(in crate::privacy) below: Below,
}

/// Which repetitions.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::privacy) enum Chosen {
    /// Every one.
    All,
    /// The first.
    First,
    /// Those with these values, which are written out with them.
    Keyed { keys: Vec<Key>, constants: Object },
}

/// What of a repetition.
#[derive(Debug)]
pub(in crate::privacy) enum Below {
    /// Members of it.
    Node(Node),
    /// Its value.
    Leaf(Leaf),
}

/// A granted value.
#[derive(Debug)]
pub(in crate::privacy) struct Leaf {
    pub(in crate::privacy) kind: LeafKind,
    pub(in crate::privacy) coarsen: Coarsening,
    /// The code systems that the Coding above must have one of; empty for any.
    pub(in crate::privacy) systems: Vec<String>,
}

/// What JSON must have at a leaf (FHIR R4, 2.24.0.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::privacy) enum LeafKind {
    Boolean,
    Number,
    Date,
    Time,
    Text,
}

impl LeafKind {
    fn of(type_name: &str) -> Self {
        match type_name {
            "boolean" => Self::Boolean,
            "integer" | "unsignedInt" | "positiveInt" | "decimal" => Self::Number,
            "date" | "dateTime" | "instant" => Self::Date,
            "time" => Self::Time,
            _ => Self::Text,
        }
    }
}

impl Projection {
    /// The trees of these rows.
    pub(in crate::privacy) fn of(rows: &[AllowRow]) -> Self {
        let mut projection = Self::default();
        for row in rows {
            for path in row.leaves() {
                let leaf = Leaf {
                    kind: LeafKind::of(path.leaf_type()),
                    coarsen: row.leaf_coarsening(),
                    systems: row.systems.clone(),
                };
                let start = path.start().name().to_owned();
                projection.types.entry(start).or_default().grant(path, leaf);
            }
        }
        projection
    }

    /// The tree of a resource type; None when nothing of it is granted.
    pub(in crate::privacy) fn of_type(&self, resource_type: &str) -> Option<&Node> {
        self.types.get(resource_type)
    }
}

impl Node {
    fn grant(&mut self, path: &ResolvedPath, leaf: Leaf) {
        let steps: Vec<(&Step, Member)> = path.steps().collect();
        let mut node = self;
        let mut leaf = Some(leaf);
        for (at, (step, member)) in steps.iter().enumerate() {
            let chosen = chosen(path, at);
            let last = at + 1 == steps.len();
            let granted = leaf.take_if(|_leaf| last).map(Below::Leaf);
            let below = granted.unwrap_or_else(|| Below::Node(Self::default()));
            let rule = node.rule(step, *member, last);
            match rule.and_then(|rule| rule.branch(chosen, below)) {
                Some(below) => node = below,
                None => return,
            }
        }
    }

    /// The rule of a step's member, made when there is none; in the order of the definitions.
    fn rule(&mut self, step: &Step, member: Member, last: bool) -> Option<&mut MemberRule> {
        let mut name = Name::new(&step.name);
        if member.is_primitive() && !last {
            name = name.sibling();
        }
        let order = member.element().order();
        let found = self.members.iter().position(|rule| rule.name == name);
        let at = found.unwrap_or_else(|| {
            let at = self.members.partition_point(|rule| rule.order <= order);
            let rule = MemberRule {
                name,
                repeats: member.repeats(),
                order,
                branches: Vec::new(),
            };
            self.members.insert(at, rule);
            at
        });
        self.members.get_mut(at)
    }
}

impl MemberRule {
    /// Adds a branch, or joins the one that chooses the same; gives the node below it.
    fn branch(&mut self, chosen: Chosen, below: Below) -> Option<&mut Node> {
        let joins = |branch: &Branch| {
            branch.chosen == chosen
                && matches!((&branch.below, &below), (Below::Node(_), Below::Node(_)))
        };
        let at = self.branches.iter().position(joins);
        if at.is_none() {
            self.branches.push(Branch { chosen, below });
        }
        let at = at.unwrap_or(self.branches.len().saturating_sub(1));
        match self.branches.get_mut(at).map(|branch| &mut branch.below) {
            Some(Below::Node(node)) => Some(node),
            Some(Below::Leaf(_)) | None => None,
        }
    }
}

fn chosen(path: &ResolvedPath, at: usize) -> Chosen {
    let selector = path.path().steps.get(at).map(|step| &step.selector);
    match selector {
        Some(Selector::Keys(keys)) => Chosen::Keyed {
            keys: keys.clone(),
            constants: constants(path, at).unwrap_or_default(),
        },
        Some(Selector::Index(_) | Selector::From(_)) => Chosen::First,
        Some(Selector::None | Selector::Each) | None => Chosen::All,
    }
}

/// The members that the keys of a step fix, as an object.
fn constants(path: &ResolvedPath, at: usize) -> Option<Object> {
    let to_key = ElementPath {
        head: path.path().head.clone(),
        steps: path.path().steps.iter().take(at + 1).cloned().collect(),
    };
    let resolved = to_key.resolve_from_head(Definitions::r4()).ok()?;
    let mut whole = Object::new();
    let write = resolved.to_write_path().ok()?;
    let keyed = write.find_or_create(&mut whole).ok()?;
    keyed.as_object().cloned()
}
