//! Fields, repetitions, components and subcomponents: borrowed views that split where they are
//! asked to. Which bytes make up a field is found in `message`, what a field means in `dictionary`.

use std::borrow::Cow;
use std::fmt;

use crate::charset::Charset;
use crate::delimiter_search::find;
use crate::delimiters::Delimiters;
use crate::escape::unescape_in;

/// Which of the four states a place in a message is in (HL7 v2.5.1 chapter 2, section 2.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Not sent: beyond the last delimiter.
    Absent,
    /// Sent without content (`||`): nothing is said about the value.
    Empty,
    /// Sent as `""`: delete the value.
    Null,
    /// Sent with content.
    Value,
}

const NULL: &str = "\"\"";

/// How the text of a message is to be read.
#[derive(Clone, Copy)]
pub(crate) struct Notation {
    /// What separates its parts.
    pub(crate) delimiters: Delimiters,
    /// The character set it came in.
    pub(crate) charset: Charset,
    /// Whether it is never split nor resolved: MSH-1 and MSH-2.
    pub(crate) is_literal: bool,
}

/// One field of a segment, with all its repetitions.
#[derive(Clone, Copy)]
pub struct Field<'m> {
    raw: Option<&'m str>,
    notation: Notation,
}

/// One repetition of a field.
#[derive(Clone, Copy)]
pub struct Repetition<'m> {
    raw: Option<&'m str>,
    notation: Notation,
}

/// One component of a repetition.
#[derive(Clone, Copy)]
pub struct Component<'m> {
    raw: Option<&'m str>,
    notation: Notation,
}

/// One subcomponent of a component.
#[derive(Clone, Copy)]
pub struct Subcomponent<'m> {
    raw: Option<&'m str>,
    notation: Notation,
}

macro_rules! place {
    ($name:ident) => {
        impl<'m> $name<'m> {
            /// The text as it was sent, delimiters and escape sequences included; empty when
            /// absent.
            pub fn raw(&self) -> &'m str {
                self.raw.unwrap_or_default()
            }

            /// Which of the four states it is in.
            pub fn presence(&self) -> Presence {
                match self.raw {
                    None => Presence::Absent,
                    Some("") => Presence::Empty,
                    Some(NULL) => Presence::Null,
                    Some(_) => Presence::Value,
                }
            }

            /// The text with escape sequences resolved, when there is a value; delimiters of
            /// deeper levels stay in it.
            pub fn value(&self) -> Option<Cow<'m, str>> {
                let raw = self.raw.filter(|raw| !raw.is_empty() && *raw != NULL)?;
                Some(if self.notation.is_literal {
                    Cow::Borrowed(raw)
                } else {
                    unescape_in(raw, &self.notation.delimiters, self.notation.charset)
                })
            }

            fn of(raw: Option<&'m str>, notation: Notation) -> Self {
                Self { raw, notation }
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let presence = self.presence();
                write!(
                    f,
                    "{}({presence:?}, {} bytes)",
                    stringify!($name),
                    self.raw().len()
                )
            }
        }
    };
}

place!(Field);
place!(Repetition);
place!(Component);
place!(Subcomponent);

impl<'m> Field<'m> {
    pub(crate) fn new(raw: Option<&'m str>, notation: Notation) -> Self {
        Self::of(raw, notation)
    }

    /// MSH-1 and MSH-2, which hold the delimiters themselves and are never split.
    pub(crate) fn literal(raw: Option<&'m str>, notation: Notation) -> Self {
        let is_literal = true;
        let notation = Notation {
            is_literal,
            ..notation
        };
        Self::of(raw, notation)
    }

    /// The delimiters of the message it stands in.
    pub(crate) fn delimiters(&self) -> Delimiters {
        self.notation.delimiters
    }

    /// Whether it is MSH-1 or MSH-2.
    pub(crate) fn is_literal(&self) -> bool {
        self.notation.is_literal
    }

    /// The repetitions in order; none when the field is absent or empty. An empty repetition
    /// between two others (`A~~B`) is one of them.
    pub fn repetitions(&self) -> impl Iterator<Item = Repetition<'m>> + use<'m> {
        let notation = self.notation;
        let raw = self.raw.filter(|raw| !raw.is_empty());
        let at = if notation.is_literal {
            None
        } else {
            Some(notation.delimiters.repetition)
        };
        split(raw, at).map(move |raw| Repetition::of(Some(raw), notation))
    }

    /// The repetition at `index`, counted from 0; absent beyond the last.
    pub fn repetition(&self, index: usize) -> Repetition<'m> {
        let raw = self.raw.and_then(|raw| {
            if self.notation.is_literal {
                (index == 0).then_some(raw)
            } else {
                nth(raw, self.notation.delimiters.repetition, index)
            }
        });
        Repetition::of(raw, self.notation)
    }

    /// Component `number` (from 1) of the first repetition.
    pub fn component(&self, number: usize) -> Component<'m> {
        self.repetition(0).component(number)
    }
}

impl<'m> Repetition<'m> {
    /// The components in order; none when the repetition is absent or empty.
    pub fn components(&self) -> impl Iterator<Item = Component<'m>> + use<'m> {
        let notation = self.notation;
        let raw = self.raw.filter(|raw| !raw.is_empty());
        let at = if notation.is_literal {
            None
        } else {
            Some(notation.delimiters.component)
        };
        split(raw, at).map(move |raw| Component::of(Some(raw), notation))
    }

    /// The component `number`, counted from 1. Without a component delimiter component 1 is the
    /// whole repetition; every component of a null repetition is null.
    pub fn component(&self, number: usize) -> Component<'m> {
        let at = if self.notation.is_literal {
            None
        } else {
            Some(self.notation.delimiters.component)
        };
        Component::of(part(self.raw, at, number), self.notation)
    }
}

impl<'m> Component<'m> {
    /// The subcomponents in order; none when the component is absent or empty.
    pub fn subcomponents(&self) -> impl Iterator<Item = Subcomponent<'m>> + use<'m> {
        let notation = self.notation;
        let raw = self.raw.filter(|raw| !raw.is_empty());
        let at = if notation.is_literal {
            None
        } else {
            Some(notation.delimiters.subcomponent)
        };
        split(raw, at).map(move |raw| Subcomponent::of(Some(raw), notation))
    }

    /// The subcomponent `number`, counted from 1. Without a subcomponent delimiter subcomponent 1
    /// is the whole component; every subcomponent of a null component is null.
    pub fn subcomponent(&self, number: usize) -> Subcomponent<'m> {
        let at = if self.notation.is_literal {
            None
        } else {
            Some(self.notation.delimiters.subcomponent)
        };
        Subcomponent::of(part(self.raw, at, number), self.notation)
    }
}

fn part(raw: Option<&str>, delimiter: Option<u8>, number: usize) -> Option<&str> {
    let raw = raw?;
    let index = number.checked_sub(1)?;
    if raw == NULL {
        return Some(raw);
    }
    match delimiter {
        None => (index == 0).then_some(raw),
        Some(delimiter) => nth(raw, delimiter, index),
    }
}

/// The piece at `index` (from 0) between delimiters.
fn nth(raw: &str, delimiter: u8, index: usize) -> Option<&str> {
    let mut rest = raw;
    for _ in 0..index {
        let end = find(rest, delimiter)?;
        rest = rest.get(end.saturating_add(1)..)?;
    }
    match find(rest, delimiter) {
        Some(end) => rest.get(..end),
        None => Some(rest),
    }
}

fn split(raw: Option<&str>, delimiter: Option<u8>) -> impl Iterator<Item = &str> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = delimiter.and_then(|byte| find(text, byte)) else {
            rest = None;
            return Some(text);
        };
        rest = text.get(end.saturating_add(1)..);
        text.get(..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(raw: &str) -> Field<'_> {
        let notation = Notation {
            delimiters: Delimiters::default(),
            charset: Charset::UTF_8,
            is_literal: false,
        };
        Field::new(Some(raw), notation)
    }

    #[test]
    fn the_four_states_are_told_apart_at_every_depth() {
        let name = field("A^^\"\"^B&&C");
        assert_eq!(name.component(1).presence(), Presence::Value);
        assert_eq!(name.component(2).presence(), Presence::Empty);
        assert_eq!(name.component(3).presence(), Presence::Null);
        assert_eq!(
            name.component(4).subcomponent(2).presence(),
            Presence::Empty
        );
        assert_eq!(
            name.component(4).subcomponent(4).presence(),
            Presence::Absent
        );
        assert_eq!(name.component(5).presence(), Presence::Absent);
        assert_eq!(name.component(0).presence(), Presence::Absent);
        assert_eq!(field("\"\"").component(3).presence(), Presence::Null);
        assert_eq!(field("").component(1).presence(), Presence::Empty);
        assert_eq!(field("").component(2).presence(), Presence::Absent);
    }

    #[test]
    fn a_place_without_delimiter_is_the_whole() {
        let whole = field("A\\T\\B").component(1).subcomponent(1);
        assert_eq!(whole.raw(), "A\\T\\B");
        assert_eq!(whole.value().unwrap(), "A&B");
    }

    #[test]
    fn repetitions_keep_their_places() {
        let raws: Vec<_> = field("A~~B").repetitions().map(|one| one.raw()).collect();
        assert_eq!(raws, ["A", "", "B"]);
        assert_eq!(field("").repetitions().count(), 0);
        assert_eq!(field("A~~B").repetition(2).raw(), "B");
        assert_eq!(field("A").repetition(1).presence(), Presence::Absent);
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", field("SECRET")), "Field(Value, 6 bytes)");
    }
}
