//! The form of an element path and how it is written; whether its names mean anything is found out
//! by `resolve`.

use crate::path::span::Span;
use std::fmt;

/// A path to elements: an optional head and the steps below it.
///
/// The head is a type (`Patient`) or, in a map, an alias (`p`); it selects nothing. Two paths are
/// equal if they read the same, wherever they stand. `Display` is the canonical form and parses to
/// an equal path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ElementPath {
    /// The type or alias that the path starts from.
    pub head: Option<Head>,
    /// The members on the way, outermost first; none only below a head.
    pub steps: Vec<Step>,
}

/// The identifier that a path starts from.
#[derive(Debug, Clone)]
pub struct Head {
    /// The type or alias.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// One member on the way and which of its repetitions are meant.
#[derive(Debug, Clone)]
pub struct Step {
    /// The member's name as JSON has it.
    pub name: String,
    /// Which repetitions.
    pub selector: Selector,
    /// Where the name and its selector stand.
    pub span: Span,
}

/// Which repetitions of a member are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Selector {
    /// No bracket: read all; written, the first.
    #[default]
    None,
    /// `[]`: read all; written, a new one.
    Each,
    /// `[2]`: the one with this number, from 0.
    Index(u32),
    /// `[1..]`: all from this number on; written, a new one.
    From(u32),
    /// `[use=home]`: those that have all these values, at least one key; written, the first that
    /// has them, or a new one that gets them.
    Keys(Vec<Key>),
}

/// One condition in a bracket.
#[derive(Debug, Clone)]
pub struct Key {
    /// The names from the element to the primitive that is compared, at least one.
    pub path: Vec<String>,
    /// What it is compared with.
    pub value: KeyValue,
    /// Where the condition stands.
    pub span: Span,
}

/// The right side of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyValue {
    /// A bare word.
    Code(String),
    /// Text in quotes.
    Text(String),
    /// `$name`, a constant of the map.
    Constant(String),
}

impl KeyValue {
    /// The text that is compared; nothing for a constant that was not filled in.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Code(text) | Self::Text(text) => Some(text),
            Self::Constant(_) => None,
        }
    }
}

impl Key {
    /// Whether both keep the same elements; quotes make no difference.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let constant = || self.value.text().is_none() && self.value == other.value;
        let text = || self.value.text().is_some() && self.value.text() == other.value.text();
        self.path == other.path && (constant() || text())
    }
}

impl ElementPath {
    /// The path whose first step, if it has no bracket, became the head: for aliases, which look
    /// like steps. A path that has a head already, or a bracket there, stays as it is.
    #[must_use]
    pub fn with_first_as_head(mut self) -> Self {
        let plain = self
            .steps
            .first()
            .is_some_and(|step| step.selector == Selector::None);
        if self.head.is_none() && plain {
            let Step { name, span, .. } = self.steps.remove(0);
            self.head = Some(Head { name, span });
        }
        self
    }

    /// The path with constants filled in.
    ///
    /// # Errors
    /// The name of the first constant that `value_of` does not know, and where it stands.
    pub fn with_constants<'c>(
        mut self,
        value_of: impl Fn(&str) -> Option<&'c str>,
    ) -> Result<Self, (String, Span)> {
        for step in &mut self.steps {
            let Selector::Keys(keys) = &mut step.selector else {
                continue;
            };
            for key in keys {
                if let KeyValue::Constant(name) = &key.value {
                    let Some(text) = value_of(name) else {
                        return Err((name.clone(), key.span));
                    };
                    key.value = KeyValue::Text(text.to_owned());
                }
            }
        }
        Ok(self)
    }

    /// The plain paths of the elements that the path's keys compare, such as `Patient.name.use`
    /// for `Patient.name[use=official].given`: whoever reads the path learns something of them.
    pub fn key_reads(&self) -> Vec<Self> {
        let mut reads = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let Selector::Keys(keys) = &step.selector else {
                continue;
            };
            for key in keys {
                let steps = self.steps.iter().take(at + 1).map(|step| &step.name);
                let steps = steps.chain(&key.path).map(|name| Step {
                    name: name.clone(),
                    selector: Selector::None,
                    span: key.span,
                });
                reads.push(Self {
                    head: self.head.clone(),
                    steps: steps.collect(),
                });
            }
        }
        reads
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Head {}

impl std::hash::Hash for Head {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.selector == other.selector
    }
}

impl Eq for Step {}

impl std::hash::Hash for Step {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.name, &self.selector).hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.value == other.value
    }
}

impl Eq for Key {}

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.path, &self.value).hash(state);
    }
}

impl fmt::Display for ElementPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        if let Some(head) = &self.head {
            f.write_str(&head.name)?;
            dot = ".";
        }
        for step in &self.steps {
            write!(f, "{dot}{}{}", step.name, step.selector)?;
            dot = ".";
        }
        Ok(())
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Each => f.write_str("[]"),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::From(first) => write!(f, "[{first}..]"),
            Self::Keys(keys) => {
                let mut before = "[";
                for key in keys {
                    write!(f, "{before}{}={}", key.path.join("."), key.value)?;
                    before = ",";
                }
                f.write_str("]")
            }
        }
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => f.write_str(code),
            Self::Constant(name) => write!(f, "${name}"),
            Self::Text(text) => {
                write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
        }
    }
}
