//! Writes values into the output tree along a target path: finds or makes the element, closes up
//! arrays, and never overwrites. What is written is decided in `items`.

use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::name::Name;

use crate::plan::{TargetKey, TargetPlace, TargetStep};

/// Where the indexed elements of a block are in their arrays.
pub type Slots = Vec<Option<usize>>;

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It stands in the tree.
    Yes,
    /// The element has a value already, which stays.
    Taken,
    /// Another type of the same choice element is there, which stays.
    Rival,
}

/// Writes a value.
pub fn put(
    object: &mut Object,
    steps: &[TargetStep],
    slots: &mut Slots,
    value: Element,
) -> Written {
    let Some((step, rest)) = steps.split_first() else {
        return Written::Taken;
    };
    let is_rival = |name: &Name| step.rivals.contains(name);
    if !step.rivals.is_empty() && object.members().any(|(name, _)| is_rival(name)) {
        return Written::Rival;
    }
    let empty = || match (&step.place, rest) {
        (TargetPlace::Single, []) => Element::Null,
        (TargetPlace::Single, _) => Element::Object(Object::new()),
        _ => Element::Array(Vec::new()),
    };
    let Some(element) = object.get_or_push(&step.name, empty) else {
        return Written::Taken;
    };
    let element = match &step.place {
        TargetPlace::Single => Some(element),
        place @ (TargetPlace::Append | TargetPlace::Index { .. } | TargetPlace::Keyed(_)) => {
            element.as_array_mut().and_then(|list| {
                let at = position(list, place, slots, rest.is_empty().then_some(&value));
                list.get_mut(at)
            })
        }
    };
    let Some(element) = element else {
        return Written::Taken;
    };
    if rest.is_empty() {
        return settle(element, value);
    }
    if *element == Element::Null {
        *element = Element::Object(Object::new());
    }
    match element.as_object_mut() {
        Some(inner) => put(inner, rest, slots, value),
        None => Written::Taken,
    }
}

/// The place in an array; a new one is added as null, or as an object with its keys.
fn position(
    list: &mut Vec<Element>,
    place: &TargetPlace,
    slots: &mut Slots,
    value: Option<&Element>,
) -> usize {
    let end = list.len();
    match place {
        TargetPlace::Keyed(keys) => {
            let fits = |element: &Element| {
                keys.iter()
                    .all(|key| has_key(element, &key.names, &key.value))
                    && value.is_none_or(|value| is_mergeable(element, value, keys))
            };
            if let Some(found) = list.iter().position(fits) {
                return found;
            }
            list.push(keyed(keys));
        }
        TargetPlace::Index { index, slot } => {
            let known = slot.and_then(|slot| slots.get(slot).copied().flatten());
            if let Some(known) = known {
                return known;
            }
            let taken = slots.iter().flatten().any(|taken| taken == index);
            let at = if *index < end && !taken { *index } else { end };
            if let Some(slot) = slot.and_then(|slot| slots.get_mut(slot)) {
                *slot = Some(at);
            }
            if at < end {
                return at;
            }
            list.push(Element::Null);
        }
        TargetPlace::Single | TargetPlace::Append => list.push(Element::Null),
    }
    end
}

/// Puts a value into an element: into an empty one, or an object into an object.
fn settle(element: &mut Element, value: Element) -> Written {
    match (element, value) {
        (element @ Element::Null, value) => {
            *element = value;
            Written::Yes
        }
        (Element::Object(known), Element::Object(new)) => {
            merge(known, new);
            Written::Yes
        }
        _ => Written::Taken,
    }
}

/// Adds the members of one object to another; what is there stays.
fn merge(known: &mut Object, new: Object) {
    for (name, value) in new.into_members() {
        match (known.get_mut(&name), value) {
            (None, value) => known.push(name, value),
            (Some(Element::Object(inner)), Element::Object(value)) => merge(inner, value),
            (Some(Element::Array(list)), Element::Array(values)) => list.extend(values),
            (Some(_), _) => {}
        }
    }
}

/// Whether an object can take the members of another without losing one; keys do not count.
fn is_mergeable(known: &Element, new: &Element, keys: &[TargetKey]) -> bool {
    let (Some(known), Some(new)) = (known.as_object(), new.as_object()) else {
        return true;
    };
    let is_key = |name: &Name| {
        keys.iter()
            .any(|key| key.names.first().is_some_and(|n| n.0 == *name))
    };
    new.members().all(|(name, value)| match known.get(name) {
        None | Some(Element::Array(_)) => true,
        Some(_) if is_key(name) => true,
        Some(inner @ Element::Object(_)) => is_mergeable(inner, value, &[]),
        Some(Element::Null | Element::Boolean(_) | Element::Number(_) | Element::String(_)) => {
            false
        }
    })
}

fn has_key(element: &Element, names: &[(Name, bool)], value: &Element) -> bool {
    match names.split_first() {
        None => element == value,
        Some(((name, _), rest)) => element
            .get(name)
            .is_some_and(|inner| inner.as_list().iter().any(|one| has_key(one, rest, value))),
    }
}

/// A new object with the values of its keys.
fn keyed(keys: &[TargetKey]) -> Element {
    let mut object = Object::new();
    for key in keys {
        let mut value = key.value.clone();
        for (at, (name, repeats)) in key.names.iter().enumerate().rev() {
            if *repeats {
                value = Element::Array(vec![value]);
            }
            if at == 0 {
                let single = Object::new().with(name.clone(), value);
                merge(&mut object, single);
                break;
            }
            value = Element::Object(Object::new().with(name.clone(), value));
        }
    }
    Element::Object(object)
}
