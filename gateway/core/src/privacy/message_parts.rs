//! `Parts`, the granted texts of one repetition by component and subcomponent, and the form they
//! have in a record. Which ones are granted is decided in `message_projector`.

use std::collections::BTreeMap;

use isthmus_fhir::element::{Element, Object};
use isthmus_hl7v2::field::{Component, Presence, Repetition, Subcomponent};

use crate::privacy::coarsening::{Coarsening, zip3};
use crate::privacy::message_extent::{Extent, ValueKind};

/// The member that stands for HL7's null, the two quotation marks by which a sender asks to delete
/// (HL7 v2.5.1 chapter 2, section 2.5.3).
const NULL: &str = "null";

/// Components and subcomponents that are taken of a field that the standard does not know.
const PARTS_MAX: usize = 99;

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    Null,
}

/// The granted texts of a repetition.
#[derive(Debug, Default)]
pub(in crate::privacy) struct Parts {
    values: BTreeMap<(u16, u16), Value>,
    /// The whole repetition asks to delete.
    is_null: bool,
}

impl Parts {
    /// Whether there is nothing to be said. A first component that asks to delete and stands alone
    /// would be read as the whole field asking for it, so it is not said.
    pub(in crate::privacy) fn is_empty(&self) -> bool {
        let only = || self.values.len() == 1 && self.values.get(&(1, 1)) == Some(&Value::Null);
        !self.is_null && (self.values.is_empty() || only())
    }

    /// The whole repetition asks to delete.
    pub(in crate::privacy) fn set_null(&mut self) {
        self.is_null = true;
    }

    /// All that a datatype has of it.
    pub(in crate::privacy) fn whole(
        &mut self,
        repetition: Repetition<'_>,
        extent: &Extent,
        coarsen: Coarsening,
    ) -> bool {
        let mut any = false;
        for ((number, kinds), component) in extent.components().zip(repetition.components()) {
            any |= self.component(number, component, kinds, coarsen);
        }
        any
    }

    /// All of it, for what the standard says nothing of.
    pub(in crate::privacy) fn everything(&mut self, repetition: Repetition<'_>) -> bool {
        let mut any = false;
        for (number, component) in (1..).zip(repetition.components().take(PARTS_MAX)) {
            let all = [ValueKind::Text; PARTS_MAX];
            any |= self.component(number, component, &all, Coarsening::None);
        }
        any
    }

    /// What a component has at these subcomponents.
    pub(in crate::privacy) fn component(
        &mut self,
        number: u16,
        component: Component<'_>,
        kinds: &[ValueKind],
        coarsen: Coarsening,
    ) -> bool {
        let mut any = false;
        if component.presence() == Presence::Null {
            self.values.insert((number, 1), Value::Null);
            return true;
        }
        for ((below, kind), leaf) in (1..).zip(kinds).zip(component.subcomponents()) {
            any |= self.leaf((number, below), leaf, *kind, coarsen);
        }
        any
    }

    /// One text, if it is what it has to be. A subcomponent alone that asks to delete is not passed
    /// on: beside others that are withheld it would be read as the whole component asking for it.
    pub(in crate::privacy) fn leaf(
        &mut self,
        place: (u16, u16),
        leaf: Subcomponent<'_>,
        kind: ValueKind,
        coarsen: Coarsening,
    ) -> bool {
        let text = leaf.value().filter(|text| kind.admits(text));
        let text = text.and_then(|text| coarsened(&text, kind, coarsen));
        match text {
            Some(text) => {
                self.values.insert(place, Value::Text(text));
                true
            }
            None => false,
        }
    }

    /// Writes out a text that the policy itself states.
    pub(in crate::privacy) fn fix(&mut self, place: &[u16], text: &str) {
        let number = |at: usize| place.get(at).copied().unwrap_or(1);
        let place = (number(0), number(1));
        self.values.insert(place, Value::Text(text.to_owned()));
    }

    /// A text, or an object of components by number, each a text or an object of subcomponents.
    pub(in crate::privacy) fn into_element(self) -> Element {
        if self.is_null {
            return Value::Null.into_element();
        }
        let mut components: BTreeMap<u16, BTreeMap<u16, Value>> = BTreeMap::new();
        for ((number, below), value) in self.values {
            components.entry(number).or_default().insert(below, value);
        }
        let components = components.into_iter();
        numbered(components.map(|(number, below)| {
            let leaves = below
                .into_iter()
                .map(|(below, value)| (below, value.into_element()));
            (number, numbered(leaves))
        }))
    }
}

impl Value {
    fn into_element(self) -> Element {
        match self {
            Self::Text(text) => Element::from(text),
            Self::Null => Element::from(Object::new().with(NULL, true)),
        }
    }
}

/// Elements by number; the first alone needs no number.
fn numbered(elements: impl Iterator<Item = (u16, Element)>) -> Element {
    let mut all: Vec<(u16, Element)> = elements.collect();
    if all.len() == 1
        && let Some((_, only)) = all.pop_if(|(number, _)| *number == 1)
    {
        return only;
    }
    let mut object = Object::with_capacity(all.len());
    for (number, element) in all {
        object.push(number.to_string().as_str(), element);
    }
    Element::from(object)
}

/// A text made coarser; none when it is not what can be made coarser.
fn coarsened(text: &str, kind: ValueKind, coarsen: Coarsening) -> Option<String> {
    let day = || Some(text.trim()).filter(|_| kind == ValueKind::Date);
    match coarsen {
        Coarsening::None => Some(text.to_owned()),
        Coarsening::Year => day()?.get(..4).map(str::to_owned),
        // A year alone stays one; an offset behind it does not.
        Coarsening::Month => {
            let digits = day()?.bytes().take_while(u8::is_ascii_digit).count();
            day()?.get(..digits.min(6)).map(str::to_owned)
        }
        Coarsening::Zip3 => zip3(text).map(str::to_owned),
        // Granted by components of their own.
        Coarsening::State => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_cut_after_their_year_or_month() {
        let date = |text, coarsen| coarsened(text, ValueKind::Date, coarsen);
        assert_eq!(date("19800517", Coarsening::Year).unwrap(), "1980");
        assert_eq!(
            date("198005171200-0500", Coarsening::Month).unwrap(),
            "198005"
        );
        assert_eq!(date("1980-0500", Coarsening::Month).unwrap(), "1980");
        assert_eq!(coarsened("1980", ValueKind::Text, Coarsening::Year), None);
        assert_eq!(
            coarsened("02139", ValueKind::Text, Coarsening::Zip3).unwrap(),
            "021"
        );
        assert_eq!(coarsened("K1A", ValueKind::Text, Coarsening::Zip3), None);
    }
}
