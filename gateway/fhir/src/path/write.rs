//! Writing along a path: finds the place of an element in a tree or makes it; what is written there
//! is the caller's.

use crate::definitions::structure::Member;
use crate::element::{Element, Object};
use crate::name::Name;
use crate::number::Number;
use crate::path::resolve::ResolvedPath;
use crate::path::select::holds;
use crate::path::syntax::{Key, Selector};
use thiserror::Error;

/// A resolved path made ready for writing many times.
#[derive(Debug, Clone)]
pub struct WritePath {
    steps: Vec<WriteStep>,
}

/// Why nothing could be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteProblem {
    /// The tree holds a value where the path needs an object or array, or the other way round.
    #[error("step {0} of the path meets an element of another kind; write each element by one row")]
    OtherKind(usize),
    /// Only `[0]` and the like can say which primitive an extension belongs to.
    #[error("step {0} of the path goes on below a repeating primitive; give it a number")]
    PrimitiveWithoutIndex(usize),
    /// The path has no steps.
    #[error("the path names no element below its type; add one")]
    NoSteps,
}

#[derive(Debug, Clone)]
struct WriteStep {
    name: Name,
    repeats: bool,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Index(usize),
    Append,
    Keyed(Vec<WriteKey>),
}

#[derive(Debug, Clone)]
struct WriteKey {
    /// The names to the primitive and whether each repeats.
    names: Vec<(Name, bool)>,
    value: Element,
}

impl ResolvedPath {
    /// The path made ready for writing.
    ///
    /// # Errors
    /// [`WriteProblem::PrimitiveWithoutIndex`] and [`WriteProblem::NoSteps`].
    pub fn to_write_path(&self) -> Result<WritePath, WriteProblem> {
        let mut steps = Vec::with_capacity(self.path().steps.len());
        for (at, (step, member)) in self.steps().enumerate() {
            let place = match &step.selector {
                Selector::None => Place::Index(0),
                Selector::Index(index) => {
                    Place::Index(usize::try_from(*index).unwrap_or(usize::MAX))
                }
                Selector::Each | Selector::From(_) => Place::Append,
                Selector::Keys(keys) => Place::Keyed(
                    keys.iter()
                        .zip(self.keys(at))
                        .map(|(key, way)| write_key(key, way))
                        .collect(),
                ),
            };
            let goes_on = at + 1 < self.path().steps.len();
            let mut name = Name::new(&step.name);
            if goes_on && member.is_primitive() {
                name = name.sibling();
                if member.repeats() && !matches!(step.selector, Selector::Index(_)) {
                    return Err(WriteProblem::PrimitiveWithoutIndex(at));
                }
            }
            steps.push(WriteStep {
                name,
                repeats: member.repeats(),
                place,
            });
        }
        if steps.is_empty() {
            Err(WriteProblem::NoSteps)
        } else {
            Ok(WritePath { steps })
        }
    }
}

fn write_key(key: &Key, way: &[Member]) -> WriteKey {
    let names = key
        .path
        .iter()
        .zip(way)
        .map(|(name, member)| (Name::new(name), member.repeats()));
    let type_name = way.last().map_or("", |member| member.type_name());
    let text = key.value.text().unwrap_or_default();
    let value = match type_name {
        "boolean" => Element::Boolean(text == "true"),
        "integer" | "unsignedInt" | "positiveInt" | "decimal" => {
            Number::from_text(text).map_or(Element::Null, Element::Number)
        }
        _ => Element::from(text),
    };
    WriteKey {
        names: names.collect(),
        value,
    }
}

impl WritePath {
    /// The place of the element below `object`, found or made; a new one holds null, to be
    /// replaced by the caller.
    ///
    /// A step without a bracket is the first repetition, `[2]` the third, `[]` and `[1..]` a new
    /// one, `[use=home]` the first with these values or a new one that gets them. Repetitions
    /// before `[2]` that are not there yet are null until written: call
    /// [`Object::remove_empty`] when all rows have been written, which closes the gaps.
    ///
    /// # Errors
    /// [`WriteProblem::OtherKind`].
    pub fn find_or_create<'o>(
        &self,
        object: &'o mut Object,
    ) -> Result<&'o mut Element, WriteProblem> {
        let mut steps = self.steps.iter().enumerate();
        let Some((_, first)) = steps.next() else {
            return Err(WriteProblem::NoSteps);
        };
        let mut element = first.place_in(object).ok_or(WriteProblem::OtherKind(0))?;
        for (at, step) in steps {
            if *element == Element::Null {
                *element = Element::Object(Object::new());
            }
            let object = element
                .as_object_mut()
                .ok_or(WriteProblem::OtherKind(at - 1))?;
            element = step.place_in(object).ok_or(WriteProblem::OtherKind(at))?;
        }
        Ok(element)
    }

    /// Puts a value at the place of the element, in the stead of what was there.
    ///
    /// # Errors
    /// As [`WritePath::find_or_create`].
    pub fn put(&self, object: &mut Object, value: Element) -> Result<(), WriteProblem> {
        *self.find_or_create(object)? = value;
        Ok(())
    }
}

impl WriteStep {
    /// The element of this step in an object; nothing if an element of another kind is there.
    fn place_in<'o>(&self, object: &'o mut Object) -> Option<&'o mut Element> {
        if !self.repeats {
            return object.get_or_push(&self.name, Element::default);
        }
        let list = object
            .get_or_push(&self.name, || Element::Array(Vec::new()))
            .and_then(Element::as_array_mut)?;
        let at = match &self.place {
            Place::Index(index) => *index,
            Place::Append => list.len(),
            Place::Keyed(keys) => {
                let found = list
                    .iter()
                    .position(|element| keys.iter().all(|key| key.is_held(element)));
                if found.is_none() {
                    list.push(Element::Object(keyed_object(keys)?));
                }
                found.unwrap_or(list.len().saturating_sub(1))
            }
        };
        if list.len() <= at {
            list.resize(at + 1, Element::Null);
        }
        list.get_mut(at)
    }
}

/// An object that has the values of the keys.
fn keyed_object(keys: &[WriteKey]) -> Option<Object> {
    let mut object = Object::new();
    for key in keys {
        let mut names = key.names.iter();
        let (name, repeats) = names.next()?;
        let mut element = single(&mut object, name, *repeats)?;
        for (name, repeats) in names {
            if *element == Element::Null {
                *element = Element::Object(Object::new());
            }
            element = single(element.as_object_mut()?, name, *repeats)?;
        }
        *element = key.value.clone();
    }
    Some(object)
}

/// The member of that name, or the first element of it if it repeats.
fn single<'o>(object: &'o mut Object, name: &Name, repeats: bool) -> Option<&'o mut Element> {
    if !repeats {
        return object.get_or_push(name, Element::default);
    }
    let empty = || Element::Array(vec![Element::Null]);
    object.get_or_push(name, empty)?.as_array_mut()?.first_mut()
}

impl WriteKey {
    fn is_held(&self, element: &Element) -> bool {
        let names: Vec<&str> = self.names.iter().map(|(name, _)| name.as_str()).collect();
        self.value
            .primitive_text()
            .is_some_and(|text| holds(element, &names, text))
    }
}
