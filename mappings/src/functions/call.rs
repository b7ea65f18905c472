//! The shape of a function: its name, arguments, kinds, and how it is called.
//! The functions themselves are in the other files of this folder.

use std::borrow::Cow;

use isthmus_core::diagnostic::Code;
use jiff::tz::Offset;
use uuid::Uuid;

use crate::context::RunContext;
use crate::table::Table;

/// A value on its way through a row; its text, whatever its kind.
pub type Value<'v> = Cow<'v, str>;

/// What a value is, as known when a map is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A FHIR date of any precision.
    Date,
    /// A FHIR dateTime.
    DateTime,
    /// A FHIR instant.
    Instant,
    /// A FHIR time.
    Time,
    /// A decimal, its text kept.
    Decimal,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// What stands in a function's parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameters {
    /// Nothing.
    None,
    /// One text.
    Text,
    /// One whole number.
    Number,
    /// The name of a table.
    Table,
    /// The name of a key.
    Key,
}

/// What a function was given in its parentheses.
#[derive(Debug, Clone, Copy)]
pub struct Given<'p> {
    /// The text, or empty.
    pub text: &'p str,
    /// The name space that the text names, for functions that make ids.
    pub space: Uuid,
    /// The number, or 0.
    pub number: usize,
    /// The table, when the function takes one.
    pub table: Option<&'p Table>,
}

/// What a function may look at beside its values.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'r> {
    /// The run's context.
    pub context: &'r RunContext,
    /// The offset that MSH-7 states.
    pub message_offset: Option<Offset>,
}

/// Why a function gives no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The value does not fit; the row writes nothing and the problem is noted.
    Problem(Code),
    /// The row writes nothing; that is as the map wants it.
    Nothing,
    /// The message cannot be translated.
    Failure(Code),
}

/// A value, perhaps with a warning.
#[derive(Debug)]
pub struct Outcome<'v> {
    /// The value.
    pub value: Value<'v>,
    /// What was lost or assumed.
    pub warning: Option<Code>,
}

impl<'v> Outcome<'v> {
    /// A value without a warning.
    pub fn plain(value: impl Into<Value<'v>>) -> Result<Self, Fault> {
        Ok(Self {
            value: value.into(),
            warning: None,
        })
    }
}

/// One value to one value.
pub type Single = for<'v> fn(&Value<'v>, Given<'_>, Surroundings<'_>) -> Result<Outcome<'v>, Fault>;
/// One value to several.
pub type Spread = for<'v> fn(&Value<'v>, Given<'_>) -> Vec<Value<'v>>;
/// Several values to one.
pub type Gather = for<'v> fn(&[Value<'v>], Given<'_>, Surroundings<'_>) -> Result<Value<'v>, Fault>;
/// One value to yes or no.
pub type Question = fn(&str, Surroundings<'_>) -> bool;

/// How a function works.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Each value by itself.
    Single(Single),
    /// Each value becomes several.
    Spread(Spread),
    /// All values of the source, repetitions and arguments alike, become one.
    Gather(Gather),
    /// The arguments of the source become one; a repeating source gives one for each repetition.
    GatherArguments(Gather),
    /// Only in conditions.
    Question(Question),
}

/// A function of the language.
#[derive(Debug, Clone, Copy)]
pub struct FunctionDefinition {
    /// Its name.
    pub name: &'static str,
    /// What stands in its parentheses.
    pub parameters: Parameters,
    /// What it gives.
    pub output: Kind,
    /// How it works.
    pub body: Body,
    /// One line for people.
    pub summary: &'static str,
}
