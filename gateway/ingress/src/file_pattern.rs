//! `FilePattern`, which names of files are meant: `*` stands for any bytes, `?` for one. Looking
//! into folders is done in `folder_files`.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// Bytes in the longest pattern.
const PATTERN_MAX: usize = 200;

/// A pattern of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePattern(String);

impl FilePattern {
    /// Whether the whole name is meant. The time it takes grows with the name times the stars.
    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        let pattern = self.0.as_bytes();
        let (mut at, mut place) = (0_usize, 0_usize);
        // Where to go on when what follows the last star does not fit: it takes one more byte.
        let mut retry = None;
        while let Some(byte) = name.get(place) {
            match pattern.get(at) {
                Some(b'*') => {
                    at = at.saturating_add(1);
                    retry = Some((at, place));
                }
                Some(one) if *one == b'?' || one == byte => {
                    at = at.saturating_add(1);
                    place = place.saturating_add(1);
                }
                _ => {
                    let Some((star, from)) = retry else {
                        return false;
                    };
                    at = star;
                    place = from.saturating_add(1);
                    retry = Some((star, place));
                }
            }
        }
        let rest = pattern.get(at..).unwrap_or_default();
        rest.iter().all(|byte| *byte == b'*')
    }
}

impl Default for FilePattern {
    /// All names.
    fn default() -> Self {
        Self("*".to_owned())
    }
}

impl<'de> Deserialize<'de> for FilePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || text.len() > PATTERN_MAX || text.contains(['/', '\n', '[', '{']) {
            return Err(D::Error::custom(
                "a pattern of file names has * and ? alone, and no folder; write one such as *.hl7",
            ));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_what_they_say() {
        let meant =
            |pattern: &str, name: &str| FilePattern(pattern.to_owned()).matches(name.as_bytes());
        assert!(meant("*.hl7", "a.hl7") && meant("*.hl7", ".hl7.hl7") && meant("*", ""));
        assert!(meant("adt-??.*", "adt-01.x.y") && meant("a*b*c", "a-b-b-c") && meant("a", "a"));
        assert!(!meant("*.hl7", "a.hl7x") && !meant("?", "") && !meant("a*b*c", "a-c-b"));
        assert!(!meant("adt-??", "adt-1") && !meant("a", "ab") && !meant("", "a"));
    }
}
