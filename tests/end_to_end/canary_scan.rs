//! Looks for tokens in bytes, in every form in which they could have got there: as they are, in
//! other case, as base64, hexadecimal, and escaped. What is looked at is said in
//! `no_patient_data_leaks`.

use std::collections::{BTreeSet, HashMap};

use crate::canary_messages::Token;

/// Bytes of a pattern that are looked up.
const HEAD: usize = 8;

/// Bits of the filter in front of the table.
const FILTER_BITS: u32 = 24;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One form of one token.
struct Pattern {
    bytes: Vec<u8>,
    token: usize,
    /// Counts only where no letter or digit stands beside it: digits alone are in any hash.
    alone: bool,
}

/// Patterns by their first bytes.
struct Index {
    patterns: Vec<Pattern>,
    heads: HashMap<[u8; HEAD], Vec<usize>>,
    filter: Vec<bool>,
}

/// Finds tokens.
pub(crate) struct Scanner {
    /// Held against content in small letters.
    folded: Index,
    /// Held against content as it is.
    exact: Index,
}

impl Scanner {
    /// A scanner for these tokens; they are told by their places in the list.
    pub(crate) fn new(tokens: &[Token]) -> Self {
        let (mut folded, mut exact) = (Vec::new(), Vec::new());
        for (token, one) in tokens.iter().enumerate() {
            for text in std::iter::once(&one.text).chain(&one.forms) {
                let has_digits_alone = text.bytes().all(|byte| byte.is_ascii_digit());
                let mut add = |bytes: Vec<u8>, alone| {
                    folded.push(Pattern {
                        bytes: bytes.to_ascii_lowercase(),
                        token,
                        alone,
                    });
                };
                let each = |form: fn(u8) -> String| -> Vec<u8> {
                    text.bytes()
                        .map(form)
                        .collect::<Vec<_>>()
                        .concat()
                        .into_bytes()
                };
                add(text.clone().into_bytes(), has_digits_alone);
                add(each(|byte| format!("{byte:02x}")), false);
                add(each(|byte| format!("%{byte:02x}")), false);
                add(each(|byte| format!("\\u{byte:04x}")), false);
                for text in BTreeSet::from([text.clone(), text.to_lowercase()]) {
                    for skipped in 0..3 {
                        let bytes = base64_inside(text.as_bytes(), skipped);
                        let url = bytes.iter().map(|byte| match byte {
                            b'+' => b'-',
                            b'/' => b'_',
                            other => *other,
                        });
                        for bytes in BTreeSet::from([url.collect(), bytes]) {
                            let alone = false;
                            exact.push(Pattern {
                                bytes,
                                token,
                                alone,
                            });
                        }
                    }
                }
            }
        }
        Self {
            folded: Index::new(folded),
            exact: Index::new(exact),
        }
    }

    /// The tokens in these bytes.
    pub(crate) fn find(&self, content: &[u8]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        self.exact.find(content, &mut found);
        self.folded.find(&content.to_ascii_lowercase(), &mut found);
        found
    }

    /// How many patterns there are.
    pub(crate) fn patterns(&self) -> usize {
        self.folded.patterns.len() + self.exact.patterns.len()
    }
}

impl Index {
    fn new(mut patterns: Vec<Pattern>) -> Self {
        // Shorter ones would be found in anything.
        patterns.retain(|pattern| pattern.bytes.len() >= HEAD);
        let mut heads: HashMap<[u8; HEAD], Vec<usize>> = HashMap::new();
        let mut filter = vec![false; 1 << FILTER_BITS];
        for (index, pattern) in patterns.iter().enumerate() {
            let head: [u8; HEAD] = pattern.bytes[..HEAD].try_into().unwrap();
            heads.entry(head).or_default().push(index);
            filter[slot(head)] = true;
        }
        Self {
            patterns,
            heads,
            filter,
        }
    }

    fn find(&self, content: &[u8], found: &mut BTreeSet<usize>) {
        for (at, window) in content.windows(HEAD).enumerate() {
            let head: [u8; HEAD] = window.try_into().unwrap();
            if !self.filter[slot(head)] {
                continue;
            }
            for index in self.heads.get(&head).into_iter().flatten() {
                let pattern = &self.patterns[*index];
                if content[at..].starts_with(&pattern.bytes)
                    && !(pattern.alone && has_neighbour(content, at, pattern.bytes.len()))
                {
                    found.insert(pattern.token);
                }
            }
        }
    }
}

fn has_neighbour(content: &[u8], at: usize, length: usize) -> bool {
    let before = at.checked_sub(1).map(|at| content[at]);
    let after = content.get(at + length).copied();
    // The clock and the zone may stand behind a day, and a country code before a number.
    let digit_before = before.is_some_and(|byte| byte.is_ascii_hexdigit());
    digit_before && after.is_some_and(|byte| byte.is_ascii_hexdigit())
}

/// A place in the filter.
fn slot(head: [u8; HEAD]) -> usize {
    let hash = u64::from_le_bytes(head).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(hash >> (64 - FILTER_BITS)).unwrap()
}

/// The characters of base64 that a text alone decides, when so many bytes stand before it in its
/// group of three.
pub(crate) fn base64_inside(text: &[u8], skipped: usize) -> Vec<u8> {
    let bits = |at: usize| -> u8 {
        let byte = at.checked_div(8).and_then(|at| text.get(at)).unwrap();
        byte >> (7 - at % 8) & 1
    };
    let first = (skipped * 8).div_ceil(6) * 6 - skipped * 8;
    let sextets = (text.len() * 8 - first) / 6;
    let sextet = |index: usize| {
        let start = first + index * 6;
        let value = (start..start + 6).fold(0, |value, at| value << 1 | bits(at));
        BASE64[usize::from(value)]
    };
    (0..sextets).map(sextet).collect()
}
