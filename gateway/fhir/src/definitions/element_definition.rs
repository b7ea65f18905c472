//! One element of a structure and what the definitions say of it; which elements lie below it is
//! told by `structure`.

use crate::definitions::binding::Binding;
use crate::definitions::rows::{ElementRow, Rows};
use std::fmt;

/// One element of R4, such as `Patient.contact.name` (FHIR R4, 2.28,
/// <https://hl7.org/fhir/R4/elementdefinition.html>). Cheap to copy.
#[derive(Clone, Copy)]
pub struct ElementDefinition {
    rows: &'static Rows,
    row: &'static ElementRow,
    index: usize,
}

/// A type that an element may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeReference {
    /// The type's name, such as `string`, `HumanName` or `Reference`; `BackboneElement` or
    /// `Element` when the members are defined in place.
    pub name: &'static str,
    targets: &'static str,
}

impl TypeReference {
    /// The resources that a `Reference` or `canonical` may point at; none if not said.
    pub fn targets(self) -> impl Iterator<Item = &'static str> {
        self.targets.split('|').filter(|target| !target.is_empty())
    }

    /// The member name of a choice with this type: `value[x]` and `Quantity` to `valueQuantity`.
    pub(crate) fn typed_name(self, stem: &str) -> String {
        let (first, rest) = self.name.split_at_checked(1).unwrap_or(("", self.name));
        format!("{stem}{}{rest}", first.to_ascii_uppercase())
    }

    /// Whether `suffix` is this type's name as choices spell it, such as `Quantity` or `DateTime`.
    fn is_spelt(self, suffix: &str) -> bool {
        let (Some((first, rest)), Some((own, own_rest))) =
            (suffix.split_at_checked(1), self.name.split_at_checked(1))
        else {
            return false;
        };
        rest == own_rest && first == own.to_ascii_uppercase()
    }
}

impl ElementDefinition {
    /// The element at this row.
    pub(crate) fn at(rows: &'static Rows, index: usize) -> Option<Self> {
        rows.elements
            .get(index)
            .map(|row| Self { rows, row, index })
    }

    pub(crate) const fn rows(self) -> &'static Rows {
        self.rows
    }

    pub(crate) const fn index(self) -> usize {
        self.index
    }

    /// The name as defined: `birthDate`, or with a choice of types `value[x]`.
    pub fn name(self) -> &'static str {
        self.row
            .path
            .rsplit_once('.')
            .map_or(self.row.path, |(_, name)| name)
    }

    /// The path from the structure, such as `Patient.contact.name`.
    pub const fn path(self) -> &'static str {
        self.row.path
    }

    /// How many there must be at least.
    pub fn min(self) -> u32 {
        self.row.min.into()
    }

    /// How many there may be; nothing for any number.
    pub fn max(self) -> Option<u32> {
        self.row.max.map(u32::from)
    }

    /// Whether more than one may be there, so that JSON has an array.
    pub fn repeats(self) -> bool {
        self.max().is_none_or(|max| max > 1)
    }

    /// The types it may have; none if the content is that of another element
    /// ([`ElementDefinition::content_reference`]).
    pub fn types(self) -> impl Iterator<Item = TypeReference> {
        let types = if self.content_reference().is_some() {
            ""
        } else {
            self.row.types
        };
        types
            .split(' ')
            .filter(|name| !name.is_empty())
            .map(|name| {
                let (name, targets) = name.split_once('(').unwrap_or((name, ""));
                TypeReference {
                    name,
                    targets: targets.trim_end_matches(')'),
                }
            })
    }

    /// What a choice's name begins with: `value` of `value[x]`; nothing if it is no choice.
    pub fn choice_stem(self) -> Option<&'static str> {
        self.name().strip_suffix("[x]")
    }

    /// The type that this member name gives the choice: `valueQuantity` to `Quantity`.
    pub fn choice_type(self, member_name: &str) -> Option<TypeReference> {
        let suffix = member_name.strip_prefix(self.choice_stem()?)?;
        self.types().find(|choice| choice.is_spelt(suffix))
    }

    /// The names that members of this element have in JSON: one, or one a type of a choice.
    pub fn member_names(self) -> Vec<String> {
        self.choice_stem().map_or_else(
            || vec![self.name().to_owned()],
            |stem| self.types().map(|choice| choice.typed_name(stem)).collect(),
        )
    }

    /// Whether it can turn the meaning of what contains it (FHIR R4, 2.28.3).
    pub const fn is_modifier(self) -> bool {
        self.row.is_modifier
    }

    /// Whether it is part of summaries.
    pub const fn is_summary(self) -> bool {
        self.row.is_summary
    }

    /// Which codes it may hold.
    pub const fn binding(self) -> Option<Binding> {
        self.row.binding
    }

    /// The path of the element whose members this one has too, such as `Questionnaire.item` for
    /// `Questionnaire.item.item`.
    pub fn content_reference(self) -> Option<&'static str> {
        self.row.types.strip_prefix('#')
    }

    /// The place among the elements of its structure, from 0, which is also the order in XML.
    pub const fn order(self) -> usize {
        self.index.saturating_sub(self.row.first)
    }
}

impl PartialEq for ElementDefinition {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for ElementDefinition {}

impl fmt::Debug for ElementDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ElementDefinition({})", self.path())
    }
}
