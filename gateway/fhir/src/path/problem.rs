//! What can be wrong with the meaning of a path in the definitions; problems of its form are in
//! `parse_error`.

use crate::path::span::Span;
use std::fmt;
use thiserror::Error;

/// A path that leads nowhere, or not as written. Paths come from maps and policies, never from
/// messages, so their words may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{fault}{}", Suggestions(.candidates))]
pub struct PathProblem {
    /// What is wrong.
    pub fault: PathFault,
    /// The bytes of the step or key at fault.
    pub span: Span,
    /// The step at fault, from 0; nothing if it is the head.
    pub step: Option<usize>,
    /// What may have been meant, likeliest first.
    pub candidates: Vec<String>,
}

/// What can be wrong with a step or key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathFault {
    /// The path has no head to start from.
    #[error("the path does not say which resource it starts from; put the type before it")]
    NoHead,
    /// No such type or resource.
    #[error("R4 has no type `{0}`")]
    UnknownType(String),
    /// The head names another type than the place where the path stands.
    #[error("the path starts from `{head}` but `{start}` is meant here")]
    OtherType {
        /// The type in the path.
        head: String,
        /// The type that is meant.
        start: String,
    },
    /// No such element.
    #[error("`{parent}` has no element `{name}`")]
    UnknownElement {
        /// The path or type above.
        parent: String,
        /// The name.
        name: String,
    },
    /// The name of a choice must say the type.
    #[error("`{0}` has a choice of types; name one of them")]
    ChoiceWithoutType(String),
    /// A primitive has only `id` and `extension`.
    #[error("`{parent}` is a single value and has no element `{name}`; end the path there")]
    BelowPrimitive {
        /// The primitive.
        parent: String,
        /// The name.
        name: String,
    },
    /// A bracket on an element that is there at most once.
    #[error("`{0}` does not repeat; leave the bracket out")]
    NotRepeating(String),
    /// Too high a number for an element that is there only so often.
    #[error("`{name}` is there at most {max} times; use a lower number")]
    BeyondMax {
        /// The element.
        name: String,
        /// How many there may be.
        max: u32,
    },
    /// A key compares something that has members instead of one value.
    #[error("the key `{0}` is not a single value; go on to one of its elements")]
    KeyNotPrimitive(String),
    /// A key compares with a code that the element cannot hold.
    #[error("`{code}` is not one of the codes of `{key}`")]
    NotACode {
        /// The code.
        code: String,
        /// The key.
        key: String,
    },
    /// A key compares with text that the element's type cannot hold.
    #[error("`{value}` is not a value of type {type_name}, which the key `{key}` has")]
    NotAValue {
        /// The text.
        value: String,
        /// The key.
        key: String,
        /// The key's type.
        type_name: &'static str,
    },
    /// A constant that was not filled in.
    #[error("the constant `${0}` is not declared; declare it or put the text in quotes")]
    UnknownConstant(String),
}

struct Suggestions<'s>(&'s [String]);

impl fmt::Display for Suggestions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "; did you mean";
        for candidate in self.0 {
            write!(f, "{before} `{candidate}`")?;
            before = " or";
        }
        Ok(())
    }
}
