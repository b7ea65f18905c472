//! Escape sequences: what is written can be read again and holds no delimiter, and what is read
//! never grows beyond what the standard's commands ask for.

use isthmus_hl7v2::delimiters::Delimiters;
use isthmus_hl7v2::escape::{escape, unescape};

/// A command of three bytes and its two marks asks for a hundred lines at most.
const GROWTH_MAX: usize = 100;

/// Checks one text.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let delimiters = Delimiters::default();
    let raw = escape(text, &delimiters);
    assert!(!raw.contains(['|', '^', '~', '&', '\r', '\n']));
    assert_eq!(unescape(&raw, &delimiters), text);
    assert!(unescape(text, &delimiters).len() <= text.len() * GROWTH_MAX);
}
