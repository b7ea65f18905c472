//! NM, a number as digits: nothing is rounded, so nothing is lost. How a number is written to JSON
//! is the FHIR crate's business.

use std::fmt;

/// NM (HL7 v2.5.1 chapter 2A, section 2.A.47): an optional sign, digits, an optional point and
/// digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Numeric<'v> {
    is_negative: bool,
    whole: &'v str,
    fraction: Option<&'v str>,
}

impl fmt::Debug for Numeric<'_> {
    /// Shows how long it is, never the digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = self.fraction.unwrap_or_default().len();
        write!(f, "Numeric({}, {fraction} digits)", self.whole.len())
    }
}

impl<'v> Numeric<'v> {
    /// Reads a number, the whole of `text` but for spaces around it; none when there is anything
    /// else in it. A point without digits behind it is passed over.
    pub fn read(text: &'v str) -> Option<Self> {
        let text = text.trim();
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (digits, None),
        };
        let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fraction = fraction.filter(|fraction| !fraction.is_empty());
        let has_digits = !whole.is_empty() || fraction.is_some();
        let fits = has_digits && numeric(whole) && numeric(fraction.unwrap_or_default());
        fits.then_some(Self {
            is_negative,
            whole,
            fraction,
        })
    }

    /// Whether it has a minus.
    pub fn is_negative(&self) -> bool {
        self.is_negative
    }

    /// The digits before the point, leading zeros left out; `0` when there are none.
    pub fn whole(&self) -> &'v str {
        match self.whole.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        }
    }

    /// The digits behind the point, all of them.
    pub fn fraction(&self) -> Option<&'v str> {
        self.fraction
    }

    /// The number when it is a whole one in reach.
    pub fn integer(&self) -> Option<i64> {
        if self.fraction.is_some() {
            return None;
        }
        let number: i64 = self.whole().parse().ok()?;
        Some(if self.is_negative { -number } else { number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept_and_text_is_no_number() {
        for (written, read) in [
            ("98.00", Some((false, "98", Some("00")))),
            ("007", Some((false, "7", None))),
            (".5", Some((false, "0", Some("5")))),
            ("+5.", Some((false, "5", None))),
            (" -0.10 ", Some((true, "0", Some("10")))),
            ("<15", None),
            ("15 mg", None),
            ("", None),
            (".", None),
            ("-", None),
            ("1e5", None),
            ("1,5", None),
            ("--1", None),
        ] {
            let number = Numeric::read(written);
            let parts = number.map(|one| (one.is_negative(), one.whole(), one.fraction()));
            assert_eq!(parts, read, "{written}");
        }
    }

    #[test]
    fn whole_numbers_in_reach_are_integers() {
        let integer = |text| Numeric::read(text).and_then(|number| number.integer());
        assert_eq!(integer("-0012"), Some(-12));
        assert_eq!(integer("1.0"), None);
        assert_eq!(integer("99999999999999999999"), None);
    }
}
