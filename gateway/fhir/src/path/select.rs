//! Reading along a path: the elements of a tree that it selects; writing along one is in `write`.

use crate::element::{Element, Object};
use crate::name::Name;
use crate::path::syntax::{ElementPath, Key, Selector, Step};

/// The elements that a path selects, in the order of the tree; see [`select`].
#[derive(Debug)]
pub struct Selected<'e, 'p> {
    steps: &'p [Step],
    /// Elements still to look at, last first, each with the steps done to reach it.
    waiting: Vec<(&'e Element, usize)>,
}

/// The elements below `root` that the path's steps select; the head is not compared.
///
/// No bracket and `[]` select every repetition. A member that is no array counts as a list of one.
/// A path that goes on below a primitive (`birthDate.extension`) reads its `_` sibling. A constant
/// that was not filled in selects nothing.
pub fn select<'e, 'p>(root: &'e Element, path: &'p ElementPath) -> Selected<'e, 'p> {
    Selected {
        steps: &path.steps,
        waiting: vec![(root, 0)],
    }
}

/// As [`select`], below an object.
pub fn select_below<'e, 'p>(root: &'e Object, path: &'p ElementPath) -> Selected<'e, 'p> {
    let mut selected = Selected {
        steps: &path.steps,
        waiting: Vec::new(),
    };
    selected.descend(root, 0);
    selected
}

impl<'e> Iterator for Selected<'e, '_> {
    type Item = &'e Element;

    fn next(&mut self) -> Option<&'e Element> {
        while let Some((element, done)) = self.waiting.pop() {
            if done == self.steps.len() {
                return Some(element);
            }
            if let Some(object) = element.as_object() {
                self.descend(object, done);
            }
        }
        None
    }
}

impl<'e> Selected<'e, '_> {
    /// Puts what the next step selects in an object on the waiting list.
    fn descend(&mut self, object: &'e Object, done: usize) {
        let Some(step) = self.steps.get(done) else {
            return;
        };
        let is_last = done + 1 == self.steps.len();
        let Some(member) = member_for(object, &step.name, is_last) else {
            return;
        };
        let list = member.as_list();
        let (list, keys) = match &step.selector {
            Selector::None | Selector::Each => (list, None),
            Selector::Index(index) => (list.get(at(*index)..).map_or(&[][..], first), None),
            Selector::From(first) => (list.get(at(*first)..).unwrap_or_default(), None),
            Selector::Keys(keys) => (list, Some(keys)),
        };
        let chosen = list.iter().rev().filter(|element| {
            **element != Element::Null && keys.is_none_or(|keys| has_keys(element, keys))
        });
        self.waiting
            .extend(chosen.map(|element| (element, done + 1)));
    }
}

fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn first(list: &[Element]) -> &[Element] {
    list.get(..1).unwrap_or_default()
}

/// The member of that name, or the sibling that holds what lies below a primitive.
fn member_for<'e>(object: &'e Object, name: &str, is_last: bool) -> Option<&'e Element> {
    let member = object.get(name);
    let is_below_primitive =
        !is_last && member.is_none_or(|member| member.as_list().iter().all(Element::is_primitive));
    if !is_below_primitive {
        return member;
    }
    let sibling = |(known, _): &(&'e Name, &'e Element)| {
        known.strip_prefix('_').is_some_and(|known| known == name)
    };
    object.members().find(sibling).map(|(_, element)| element)
}

/// Whether the element has all the keys' values.
pub(crate) fn has_keys(element: &Element, keys: &[Key]) -> bool {
    keys.iter().all(|key| {
        key.value
            .text()
            .is_some_and(|text| holds(element, &key.path, text))
    })
}

/// Whether one of the primitives at the end of the names has this text.
pub(crate) fn holds<N: AsRef<str>>(element: &Element, names: &[N], text: &str) -> bool {
    let Some((name, below)) = names.split_first() else {
        return element
            .as_list()
            .iter()
            .any(|value| value.primitive_text() == Some(text));
    };
    element.as_list().iter().any(|element| {
        element
            .get(name.as_ref())
            .is_some_and(|member| holds(member, below, text))
    })
}
