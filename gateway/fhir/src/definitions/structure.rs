//! The ways through the definitions: from a type to its elements and from a member to the members
//! below it, choices of types and content references resolved.

use crate::definitions::element_definition::ElementDefinition;
use crate::definitions::rows::{Kind, Rows, StructureRow};
use std::fmt;

/// A data type or resource of R4, such as `Patient`. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Structure {
    rows: &'static Rows,
    row: &'static StructureRow,
}

/// A member as JSON has it: an element and, for a choice, the type that the name gives it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Member {
    element: ElementDefinition,
    type_name: &'static str,
}

/// Why a name is not the name of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberProblem {
    /// There is no such element.
    Unknown,
    /// The element has a choice of types and its name must say which: the names that do.
    ChoiceWithoutType(Vec<String>),
    /// The element is a primitive, which has only `id` and `extension`.
    BelowPrimitive,
}

impl Structure {
    /// The structure with this name; resources and types alike.
    pub(crate) fn find(rows: &'static Rows, name: &str) -> Option<Self> {
        let at = rows
            .structures
            .binary_search_by_key(&name, |row| row.name)
            .ok()?;
        Some(Self {
            rows,
            row: rows.structures.get(at)?,
        })
    }

    /// All structures, by name.
    pub(crate) fn all(rows: &'static Rows) -> impl Iterator<Item = Self> {
        rows.structures.iter().map(move |row| Self { rows, row })
    }

    /// The name, such as `Patient` or `dateTime`.
    pub const fn name(self) -> &'static str {
        self.row.name
    }

    /// Primitive, complex type or resource.
    pub const fn kind(self) -> Kind {
        self.row.kind
    }

    /// Whether nothing is only this: `Element`, `BackboneElement`, `Resource`, `DomainResource`.
    pub const fn is_abstract(self) -> bool {
        self.row.is_abstract
    }

    /// The structure it is based on.
    pub fn base(self) -> Option<Self> {
        Self::find(self.rows, self.row.base)
    }

    /// The elements right below the type, inherited ones first, in the order of the definitions.
    pub fn elements(self) -> impl Iterator<Item = ElementDefinition> {
        below(self.rows, self.row.elements.start, self.row.name)
    }

    /// The element of this name as defined: `birthDate`, `value[x]`.
    pub fn element(self, name: &str) -> Option<ElementDefinition> {
        self.elements().find(|element| element.name() == name)
    }

    /// The member that has this name in JSON: `birthDate`, `valueQuantity`.
    pub fn member(self, name: &str) -> Result<Member, MemberProblem> {
        match member_of(self.elements(), name) {
            Err(MemberProblem::Unknown) if self.kind() == Kind::Primitive => {
                Err(MemberProblem::BelowPrimitive)
            }
            found => found,
        }
    }
}

impl Member {
    /// The element.
    pub const fn element(self) -> ElementDefinition {
        self.element
    }

    /// Its type; of a choice the one that was named. `BackboneElement` or `Element` when the
    /// members are defined in place or by a content reference.
    pub const fn type_name(self) -> &'static str {
        self.type_name
    }

    /// Whether JSON has an array here.
    pub fn repeats(self) -> bool {
        self.element.repeats()
    }

    /// Whether JSON has a string, a number or a boolean here.
    pub fn is_primitive(self) -> bool {
        Structure::find(self.element.rows(), self.type_name)
            .is_some_and(|structure| structure.kind() == Kind::Primitive)
    }

    /// The elements right below this one.
    pub fn elements(self) -> Vec<ElementDefinition> {
        let rows = self.element.rows();
        let home = self
            .element
            .content_reference()
            .map_or(Some(self.element), |path| {
                let structure = path.split('.').next().unwrap_or_default();
                let range = Structure::find(rows, structure)?.row.elements.clone();
                range
                    .filter_map(|at| ElementDefinition::at(rows, at))
                    .find(|e| e.path() == path)
            });
        let in_place: Vec<_> = home
            .map(|home| below(rows, home.index() + 1, home.path()).collect())
            .unwrap_or_default();
        if in_place.is_empty() {
            return Structure::find(rows, self.type_name)
                .map(|structure| structure.elements().collect())
                .unwrap_or_default();
        }
        in_place
    }

    /// The member below this one that has this name in JSON.
    pub fn member(self, name: &str) -> Result<Self, MemberProblem> {
        match member_of(self.elements().into_iter(), name) {
            Err(MemberProblem::Unknown) if self.is_primitive() => {
                Err(MemberProblem::BelowPrimitive)
            }
            found => found,
        }
    }
}

/// The elements right below a path, which begin at this row.
fn below(
    rows: &'static Rows,
    first: usize,
    path: &'static str,
) -> impl Iterator<Item = ElementDefinition> {
    let rest = move |element: ElementDefinition| {
        element
            .path()
            .strip_prefix(path)
            .and_then(|rest| rest.strip_prefix('.'))
    };
    (first..)
        .map_while(move |at| ElementDefinition::at(rows, at))
        .take_while(move |element| rest(*element).is_some())
        .filter(move |element| rest(*element).is_some_and(|rest| !rest.contains('.')))
}

fn member_of(
    elements: impl Iterator<Item = ElementDefinition>,
    name: &str,
) -> Result<Member, MemberProblem> {
    for element in elements {
        if element.choice_stem() == Some(name) {
            return Err(MemberProblem::ChoiceWithoutType(element.member_names()));
        }
        if let Some(choice) = element.choice_type(name) {
            return Ok(Member {
                element,
                type_name: choice.name,
            });
        }
        if element.name() == name && element.choice_stem().is_none() {
            let type_name = element
                .types()
                .next()
                .map_or("BackboneElement", |only| only.name);
            return Ok(Member { element, type_name });
        }
    }
    Err(MemberProblem::Unknown)
}

impl PartialEq for Structure {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Structure {}

impl fmt::Debug for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Structure({})", self.name())
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Member({}: {})", self.element.path(), self.type_name)
    }
}
