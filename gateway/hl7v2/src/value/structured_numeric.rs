//! SN, a number with a comparator, a range or a ratio. Plain numbers are in `numeric`.

use crate::field::Component;
use crate::value::numeric::Numeric;
use crate::value::view::view;

view! {
    /// SN (HL7 v2.5.1 chapter 2A, section 2.A.72).
    StructuredNumeric {
        /// SN.1: `>`, `<`, `>=`, `<=`, `=`, `<>`; empty counts as `=`.
        1 comparator
        /// SN.2.
        2 first
        /// SN.3: `-`, `+`, `/`, `.`, `:`.
        3 separator
        /// SN.4.
        4 second
    }
}

/// SN.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `=`, or nothing.
    Equal,
    /// `<>`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

/// What a structured number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured<'m> {
    /// `>^100`: one number.
    Single(Comparator, Numeric<'m>),
    /// `^2^+`: a grade and more.
    AndMore(Numeric<'m>),
    /// `^100^-^200`: from the first to the second.
    Range(Numeric<'m>, Numeric<'m>),
    /// `^1^:^128` or `^1^/^128`: the first to the second, compared as a whole.
    Ratio(Comparator, Numeric<'m>, Numeric<'m>),
}

impl<'m> StructuredNumeric<'m> {
    /// What it says; none when its parts do not make sense together: a number that is none, an
    /// unknown sign, a range that is compared. Nothing is guessed.
    pub fn read(&self) -> Option<Measured<'m>> {
        let comparator = self.comparison()?;
        let first = number(self.first())?;
        let separator = self.separator().value().unwrap_or_default();
        if separator.trim().is_empty() || separator == "+" {
            if self.second().value().is_some() {
                return None;
            }
            return match (separator.trim(), comparator) {
                ("", comparator) => Some(Measured::Single(comparator, first)),
                (_, Comparator::Equal) => Some(Measured::AndMore(first)),
                _ => None,
            };
        }
        let second = number(self.second())?;
        match (separator.trim(), comparator) {
            ("-", Comparator::Equal) => Some(Measured::Range(first, second)),
            (":" | "/", comparator) => Some(Measured::Ratio(comparator, first, second)),
            _ => None,
        }
    }

    fn comparison(&self) -> Option<Comparator> {
        let sign = self.comparator().value().unwrap_or_default();
        Some(match sign.trim() {
            "" | "=" => Comparator::Equal,
            "<>" => Comparator::NotEqual,
            "<" => Comparator::Less,
            "<=" => Comparator::LessOrEqual,
            ">" => Comparator::Greater,
            ">=" => Comparator::GreaterOrEqual,
            _ => return None,
        })
    }
}

/// No escape sequence is part of a number, so its text is read as it was sent.
fn number(component: Component<'_>) -> Option<Numeric<'_>> {
    Numeric::read(component.raw())
}
