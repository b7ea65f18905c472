//! The lossless tree of FHIR elements: order, unknown members and number text are kept; what may
//! stand where is known to `definitions`, how it is written to `json`.

use crate::name::Name;
use crate::number::Number;
use std::fmt;

/// One node of the tree, in the shape of FHIR's JSON form
/// (FHIR R4, 2.6.2, <https://hl7.org/fhir/R4/json.html>).
///
/// The id and extensions of a primitive are an ordinary member whose name begins with `_`.
/// Equality is structural and includes order and number text. `Debug` shows kinds and member
/// names, never a value.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Element {
    /// `null`, which FHIR allows only to keep two parallel arrays in step.
    #[default]
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number with its text.
    Number(Number),
    /// A string, escapes resolved.
    String(String),
    /// The repetitions of a repeating element.
    Array(Vec<Element>),
    /// A complex element or a resource.
    Object(Object),
}

impl Element {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The value of a boolean.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Boolean(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The number, as text.
    pub const fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self {
            Some(number)
        } else {
            None
        }
    }

    /// The object.
    pub const fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self {
            Some(object)
        } else {
            None
        }
    }

    /// The object, to be changed.
    pub const fn as_object_mut(&mut self) -> Option<&mut Object> {
        if let Self::Object(object) = self {
            Some(object)
        } else {
            None
        }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Element]> {
        if let Self::Array(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// The elements of an array, to be changed.
    pub const fn as_array_mut(&mut self) -> Option<&mut Vec<Element>> {
        if let Self::Array(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// The elements of an array, or this element alone as a list of one.
    pub fn as_list(&self) -> &[Element] {
        if let Self::Array(elements) = self {
            elements
        } else {
            std::slice::from_ref(self)
        }
    }

    /// The member with this name if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Element> {
        self.as_object().and_then(|object| object.get(name))
    }

    /// Whether this is a boolean, a number, a string or null.
    pub const fn is_primitive(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Object(_))
    }

    /// What the text of a primitive would be compared as: the string, `true`, `false` or the
    /// number's text.
    pub fn primitive_text(&self) -> Option<&str> {
        match self {
            Self::Boolean(true) => Some("true"),
            Self::Boolean(false) => Some("false"),
            Self::Number(number) => Some(number.as_str()),
            Self::String(text) => Some(text),
            Self::Null | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// Whether nothing is held: null, an empty string, an array or object without content.
    fn is_void(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Boolean(_) | Self::Number(_) => false,
            Self::String(text) => text.is_empty(),
            Self::Array(elements) => elements.iter().all(|element| *element == Self::Null),
            Self::Object(object) => object.is_empty(),
        }
    }

    /// Clears below; `keep_places` replaces an emptied array element by null instead of closing up.
    fn remove_empty(&mut self, keep_places: bool) {
        match self {
            Self::Object(object) => object.remove_empty(),
            Self::Array(elements) => {
                for element in elements.iter_mut() {
                    element.remove_empty(keep_places);
                    if element.is_void() {
                        *element = Self::Null;
                    }
                }
                if !keep_places {
                    elements.retain(|element| *element != Self::Null);
                }
            }
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::String(_) => {}
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "Null",
            Self::Boolean(_) => "Boolean(..)",
            Self::Number(_) => "Number(..)",
            Self::String(_) => "String(..)",
            Self::Array(_) => "Array",
            Self::Object(_) => "Object",
        }
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Array(elements) => f.debug_list().entries(elements).finish(),
            Self::Object(object) => fmt::Debug::fmt(object, f),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::String(_) => {
                f.write_str(self.kind())
            }
        }
    }
}

impl From<&str> for Element {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Element {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Element {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Number> for Element {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<Object> for Element {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<Vec<Element>> for Element {
    fn from(elements: Vec<Element>) -> Self {
        Self::Array(elements)
    }
}

/// The members of a complex element, in order.
///
/// Member names are unique as long as members come through [`Object::insert`] or the JSON reader.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Object {
    members: Vec<(Name, Element)>,
}

impl Object {
    /// An object without members.
    pub const fn new() -> Self {
        Self {
            members: Vec::new(),
        }
    }

    /// An object without members and with room for this many.
    pub fn with_capacity(members: usize) -> Self {
        Self {
            members: Vec::with_capacity(members),
        }
    }

    /// The object with one more member; for building small elements in one expression.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, element: impl Into<Element>) -> Self {
        self.insert(name, element);
        self
    }

    /// The member with this name.
    pub fn get(&self, name: &str) -> Option<&Element> {
        self.members
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, element)| element)
    }

    /// The member with this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Element> {
        self.members
            .iter_mut()
            .find(|(known, _)| known == name)
            .map(|(_, element)| element)
    }

    /// Appends a member, or replaces the one of that name in its place and returns what it held.
    pub fn insert(
        &mut self,
        name: impl Into<Name>,
        element: impl Into<Element>,
    ) -> Option<Element> {
        let name = name.into();
        let element = element.into();
        if let Some(present) = self.get_mut(&name) {
            return Some(std::mem::replace(present, element));
        }
        self.members.push((name, element));
        None
    }

    /// Appends a member without looking for one of that name; for writers that know it is new.
    pub fn push(&mut self, name: impl Into<Name>, element: impl Into<Element>) {
        self.members.push((name.into(), element.into()));
    }

    /// The member of that name, which is appended as what `default` gives if it is missing.
    ///
    /// Nothing only if memory for it could not be reached, which does not happen.
    pub fn get_or_push(
        &mut self,
        name: &Name,
        default: impl FnOnce() -> Element,
    ) -> Option<&mut Element> {
        let at = self
            .members
            .iter()
            .position(|(known, _)| known == name)
            .unwrap_or_else(|| {
                self.members.push((name.clone(), default()));
                self.members.len() - 1
            });
        self.members.get_mut(at).map(|(_, element)| element)
    }

    /// Takes the member of that name out; the others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<Element> {
        let at = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.remove(at).1)
    }

    /// The members in order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (&Name, &Element)> {
        self.members.iter().map(|(name, element)| (name, element))
    }

    /// The members in order, to be changed.
    pub fn members_mut(&mut self) -> impl ExactSizeIterator<Item = (&Name, &mut Element)> {
        self.members
            .iter_mut()
            .map(|(name, element)| (&*name, element))
    }

    /// The members in order, taken out.
    pub fn into_members(self) -> impl ExactSizeIterator<Item = (Name, Element)> {
        self.members.into_iter()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Removes, at every depth, members and array elements that hold nothing: null, empty strings,
    /// arrays and objects (FHIR forbids them all: R4, 2.6.2).
    ///
    /// The arrays of a repeating primitive and its `_` sibling are kept in step: there an emptied
    /// element becomes null.
    pub fn remove_empty(&mut self) {
        let paired: Vec<Name> = self
            .members
            .iter()
            .filter(|(name, element)| name.starts_with('_') && element.as_array().is_some())
            .flat_map(|(name, _)| [name.clone(), Name::new(name.trim_start_matches('_'))])
            .collect();
        for (name, element) in &mut self.members {
            element.remove_empty(paired.contains(name));
        }
        self.members.retain(|(_, element)| !element.is_void());
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.members()).finish()
    }
}
