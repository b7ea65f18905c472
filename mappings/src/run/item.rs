//! One value of a source as it is found: a place in a message, an element of a resource, or a text
//! of the map. How it is found is `select`'s business.

use std::borrow::Cow;
use std::fmt;

use isthmus_fhir::element::Element;
use isthmus_hl7v2::delimiters::Delimiters;
use isthmus_hl7v2::field::{Component, Presence, Repetition, Subcomponent};
use isthmus_hl7v2::location::Location;

/// One value of a source.
#[derive(Clone, Copy)]
pub enum Item<'a> {
    /// A segment as a whole.
    Segment(Location),
    /// A repetition of a field.
    Repetition(Repetition<'a>, Location),
    /// A component.
    Component(Component<'a>, Location),
    /// A subcomponent.
    Subcomponent(Subcomponent<'a>, Location),
    /// An element of a resource.
    Element(&'a Element),
    /// A text of the map.
    Text(&'a str),
}

impl fmt::Debug for Item<'_> {
    /// Shows where it is, never what it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location() {
            Some(location) => write!(f, "Item({location})"),
            None => f.write_str("Item(..)"),
        }
    }
}

impl<'a> Item<'a> {
    /// The place in the message.
    pub fn location(&self) -> Option<Location> {
        match self {
            Self::Segment(at)
            | Self::Repetition(_, at)
            | Self::Component(_, at)
            | Self::Subcomponent(_, at) => Some(*at),
            Self::Element(_) | Self::Text(_) => None,
        }
    }

    /// Whether there is something in it, nothing, or the order to delete.
    pub fn presence(&self, delimiters: Delimiters) -> Presence {
        match self {
            Self::Repetition(one, _) => filled(one.presence(), one.raw(), delimiters),
            Self::Component(one, _) => filled(one.presence(), one.raw(), delimiters),
            Self::Subcomponent(one, _) => filled(one.presence(), one.raw(), delimiters),
            Self::Element(element) => match element {
                Element::Null => Presence::Absent,
                Element::String(text) if text.is_empty() => Presence::Absent,
                Element::Boolean(_)
                | Element::Number(_)
                | Element::String(_)
                | Element::Array(_)
                | Element::Object(_) => Presence::Value,
            },
            Self::Segment(_) | Self::Text(_) => Presence::Value,
        }
    }

    /// Its component and subcomponent, counted from the level where it stands.
    pub fn below(&self, component: u16, subcomponent: Option<u16>) -> Option<Self> {
        let (first, second) = (usize::from(component), subcomponent.map(usize::from));
        match self {
            Self::Repetition(one, at) => {
                let at = at.component(component);
                let found = one.component(first);
                match (second, subcomponent) {
                    (Some(second), Some(number)) => {
                        let found = found.subcomponent(second);
                        Some(Self::Subcomponent(found, at.subcomponent(number)))
                    }
                    _ => Some(Self::Component(found, at)),
                }
            }
            Self::Component(one, at) if second.is_none_or(|second| second == 1) => {
                let found = one.subcomponent(first);
                Some(Self::Subcomponent(found, at.subcomponent(component)))
            }
            Self::Subcomponent(..) | Self::Text(_)
                if first == 1 && second.is_none_or(|second| second == 1) =>
            {
                Some(*self)
            }
            Self::Component(..)
            | Self::Subcomponent(..)
            | Self::Text(_)
            | Self::Segment(_)
            | Self::Element(_) => None,
        }
    }

    /// Whether its value is the order to delete.
    pub fn is_null(&self) -> bool {
        let presence = match self {
            Self::Repetition(one, _) => one.component(1).subcomponent(1).presence(),
            Self::Component(one, _) => one.subcomponent(1).presence(),
            Self::Subcomponent(one, _) => one.presence(),
            Self::Segment(_) | Self::Element(_) | Self::Text(_) => Presence::Absent,
        };
        presence == Presence::Null
    }

    /// Its text: of a composite the first leaf, or the whole when asked for. None when there is
    /// none, or only spaces.
    pub fn text(&self, whole: bool) -> Option<Cow<'a, str>> {
        let text = match self {
            Self::Segment(_) => None,
            Self::Repetition(one, _) if whole => one.value(),
            Self::Repetition(one, _) => one.component(1).subcomponent(1).value(),
            Self::Component(one, _) => one.subcomponent(1).value(),
            Self::Subcomponent(one, _) => one.value(),
            Self::Element(element) => element.primitive_text().map(Cow::Borrowed),
            Self::Text(text) => Some(Cow::Borrowed(*text)),
        };
        text.filter(|text| text.bytes().any(|byte| !byte.is_ascii_whitespace()))
    }
}

/// A composite of delimiters and spaces alone is empty.
fn filled(presence: Presence, raw: &str, delimiters: Delimiters) -> Presence {
    let empty = [delimiters.component, delimiters.subcomponent, b' '];
    if presence == Presence::Value && raw.bytes().all(|byte| empty.contains(&byte)) {
        return Presence::Empty;
    }
    presence
}
