//! Member names: those of the R4 definitions cost nothing to hold or copy, others own their text;
//! which names belong to which type is known to `definitions`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::OnceLock;

const TABLE: &str = include_str!("../definitions/names.txt");

/// Slots of the look-up table, a power of two with at least half of them free.
const SLOTS: usize = 8192;

/// The name of a member of an object, such as `birthDate` or `_birthDate`.
///
/// Names that R4 JSON can hold are borrowed from the definitions, so a tree of known elements
/// allocates no names. Names are not patient data and may appear in texts.
#[derive(Clone)]
pub struct Name(Spelling);

#[derive(Clone)]
enum Spelling {
    Known(&'static str),
    Other(Box<str>),
}

impl Name {
    /// The name with this spelling.
    pub fn new(spelling: &str) -> Self {
        Self::known(spelling).unwrap_or_else(|| Self(Spelling::Other(spelling.into())))
    }

    /// The name with this spelling if R4 JSON can hold it anywhere.
    pub fn known(spelling: &str) -> Option<Self> {
        known_names()
            .find(spelling)
            .map(|name| Self(Spelling::Known(name)))
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Spelling::Known(name) => name,
            Spelling::Other(name) => name,
        }
    }

    /// The spelling, if it is one of R4's and so holds nobody's text.
    pub const fn as_static(&self) -> Option<&'static str> {
        if let Spelling::Known(name) = self.0 {
            Some(name)
        } else {
            None
        }
    }

    /// Whether R4 JSON can hold this name anywhere.
    pub const fn is_known(&self) -> bool {
        matches!(self.0, Spelling::Known(_))
    }

    /// The name of the member that carries the id and extensions of this primitive
    /// (`birthDate` to `_birthDate`; FHIR R4, 2.6.2 JSON, <https://hl7.org/fhir/R4/json.html>).
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self::new(&format!("_{}", self.as_str()))
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Name {
    fn from(spelling: &str) -> Self {
        Self::new(spelling)
    }
}

impl PartialEq for Name {
    /// A known name has one address, and no other name is spelt like one.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Spelling::Known(one), Spelling::Known(other)) => std::ptr::eq(*one, *other),
            (Spelling::Other(one), Spelling::Other(other)) => one == other,
            (Spelling::Known(_), Spelling::Other(_)) | (Spelling::Other(_), Spelling::Known(_)) => {
                false
            }
        }
    }
}

impl Eq for Name {}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// An open-addressed table over the static names; a slot of `""` is free.
struct KnownNames {
    slots: Vec<&'static str>,
}

fn known_names() -> &'static KnownNames {
    static NAMES: OnceLock<KnownNames> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = KnownNames {
            slots: vec![""; SLOTS],
        };
        for name in TABLE.lines().filter(|line| !line.starts_with('#')) {
            names.add(name);
        }
        names
    })
}

impl KnownNames {
    fn add(&mut self, name: &'static str) {
        let home = home(name);
        let free = (home..SLOTS)
            .chain(0..home)
            .find(|at| self.slots.get(*at) == Some(&""));
        if let Some(slot) = free.and_then(|at| self.slots.get_mut(at)) {
            *slot = name;
        }
    }

    /// Looks along the run of taken slots that begins at the name's home.
    fn find(&self, spelling: &str) -> Option<&'static str> {
        let (before, after) = self.slots.split_at_checked(home(spelling))?;
        after
            .iter()
            .chain(before)
            .take_while(|name| !name.is_empty())
            .find(|name| **name == spelling)
            .copied()
    }
}

/// The slot where the search for a name begins (FNV-1a, folded to the table's size). The table is
/// fixed, so no sender can make the runs in it longer.
fn home(spelling: &str) -> usize {
    let hash = spelling.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    usize::try_from(hash ^ (hash >> 13)).unwrap_or_default() % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_table_is_found_and_costs_nothing() {
        for name in TABLE.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(Name::new(name).as_str(), name);
            assert!(Name::new(name).is_known());
        }
    }

    #[test]
    fn other_names_are_kept() {
        let name = Name::new("favouriteColour");
        assert!(!name.is_known());
        assert_eq!(name, "favouriteColour");
        assert!(!Name::new("").is_known());
        assert_eq!(Name::new("birthDate").sibling(), "_birthDate");
    }
}
