//! The door to the definitions of R4: structures by name and codes by value set; what a structure
//! says of itself is in `structure`.

use crate::definitions::binding::RequiredCode;
use crate::definitions::rows::Rows;
use crate::definitions::structure::Structure;
use std::fmt;

/// The definitions of FHIR R4 (4.0.1), <https://hl7.org/fhir/R4/>. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Definitions {
    rows: &'static Rows,
}

impl Definitions {
    /// The definitions; the first call parses the tables, which takes about a millisecond.
    pub fn r4() -> Self {
        Self { rows: Rows::r4() }
    }

    /// The data type or resource of this name.
    pub fn structure(self, name: &str) -> Option<Structure> {
        Structure::find(self.rows, name)
    }

    /// All data types and resources, by name.
    pub fn structures(self) -> impl Iterator<Item = Structure> {
        Structure::all(self.rows)
    }

    /// The codes of a value set that R4 binds as required; nothing if it cannot be enumerated
    /// (currencies, MIME types, units) or is not bound so. A version after `|` is ignored.
    pub fn required_codes(
        self,
        value_set: &str,
    ) -> Option<impl ExactSizeIterator<Item = RequiredCode>> {
        let url = value_set.split_once('|').map_or(value_set, |(url, _)| url);
        let at = self
            .rows
            .value_sets
            .binary_search_by_key(&url, |(known, _)| known)
            .ok()?;
        let (_, range) = self.rows.value_sets.get(at)?;
        Some(self.rows.codes.get(range.clone())?.iter().copied())
    }
}

impl fmt::Debug for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Definitions(R4 4.0.1)")
    }
}
