//! `SegmentName`, the three characters that say what a segment is (`PID`, `ZPI`).
//! Which names a version of the standard knows is in `dictionary`, not here.

use std::fmt;

/// A segment's name: an upper-case ASCII letter followed by two upper-case letters or digits
/// (HL7 v2.5.1 chapter 2, section 2.5.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName([u8; 3]);

impl SegmentName {
    /// The message header.
    pub const MSH: Self = Self(*b"MSH");
    /// File header.
    pub const FHS: Self = Self(*b"FHS");
    /// File trailer.
    pub const FTS: Self = Self(*b"FTS");
    /// Batch header.
    pub const BHS: Self = Self(*b"BHS");
    /// Batch trailer.
    pub const BTS: Self = Self(*b"BTS");
    /// The acknowledgment.
    pub const MSA: Self = Self(*b"MSA");
    /// The error report.
    pub const ERR: Self = Self(*b"ERR");

    /// The name in these bytes, if they are one: exactly three characters of the right kind.
    #[inline]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let &[first, second, third] = bytes else {
            return None;
        };
        let rest = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        (first.is_ascii_uppercase() && rest(second) && rest(third))
            .then_some(Self([first, second, third]))
    }

    /// The three characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether sender and receiver defined it among themselves: names that begin with `Z`
    /// (HL7 v2.5.1 chapter 2, section 2.5.2).
    pub const fn is_local(&self) -> bool {
        matches!(self.0, [b'Z', _, _])
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_upper_case_characters_make_a_name() {
        assert_eq!(SegmentName::new(b"PV1").unwrap().as_str(), "PV1");
        assert!(SegmentName::new(b"ZPI").unwrap().is_local());
        for wrong in [&b"PV"[..], b"PV12", b"pid", b"1PV", b"P-1", b""] {
            assert!(SegmentName::new(wrong).is_none());
        }
    }
}
