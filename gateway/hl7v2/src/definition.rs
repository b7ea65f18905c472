//! What the standard says of segments, fields, datatypes, components and tables: the shapes the
//! dictionary hands out. Where they come from is in `dictionary`, message structures in
//! `structure_definition`.

use crate::segment_name::SegmentName;

/// How often something may stand at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cardinality {
    /// At least so often; 0 means optional.
    pub min: u16,
    /// At most so often; none means without bound, 0 that it is withdrawn.
    pub max: Option<u16>,
}

impl Cardinality {
    /// Whether one more may follow when there are `count`.
    pub fn allows_more(&self, count: usize) -> bool {
        self.max.is_none_or(|max| count < usize::from(max))
    }

    /// Whether there may be more than one.
    pub fn repeats(&self) -> bool {
        self.max.is_none_or(|max| max > 1)
    }
}

/// A segment of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentDefinition {
    /// The name.
    pub name: SegmentName,
    /// The fields, by number; a number that the version does not define is missing.
    pub fields: Vec<ElementDefinition>,
}

/// A datatype of one version that has components; a datatype that has none is not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatatypeDefinition {
    /// The name, such as `XPN`.
    pub name: &'static str,
    /// The components, by number.
    pub components: Vec<ElementDefinition>,
}

/// A field of a segment or a component of a datatype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElementDefinition {
    /// The number, from 1.
    pub number: u16,
    /// The name, words in upper case joined by `_`.
    pub name: &'static str,
    /// The datatype, such as `XPN`; `varies` when another field decides (OBX-5); none when the
    /// version withdrew the element.
    pub datatype: Option<&'static str>,
    /// How often it may stand there.
    pub cardinality: Cardinality,
    /// The number of the HL7 table its codes come from (`203` is table 0203).
    pub table: Option<u16>,
}

/// An HL7 table of one version: codes alone, those suggested for user-defined tables included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDefinition {
    /// The number; 203 is table 0203.
    pub number: u16,
    /// The codes, in order, each once; a range is as the standard writes it (`12 ... 16`).
    pub codes: Vec<&'static str>,
}

impl TableDefinition {
    /// Whether the table has the code, exactly as written.
    pub fn contains(&self, code: &str) -> bool {
        self.codes.binary_search(&code).is_ok()
    }

    /// Whether a message may say this where the table counts: it is a code, or in a range of
    /// numbers (`12 ... 16`), or the standard leaves the list open (`...`).
    pub fn admits(&self, code: &str) -> bool {
        self.contains(code)
            || self
                .codes
                .iter()
                .filter_map(|one| one.split_once("..."))
                .any(|(first, last)| is_between(code, first.trim(), last.trim()))
    }
}

fn is_between(code: &str, first: &str, last: &str) -> bool {
    if first.is_empty() && last.is_empty() {
        return true;
    }
    let number = |text: &str| text.parse::<u32>().ok();
    match (number(code), number(first), number(last)) {
        (Some(code), Some(first), Some(last)) => (first..=last).contains(&code),
        _ => false,
    }
}

impl SegmentDefinition {
    /// The field `number`, from 1.
    pub fn field(&self, number: u16) -> Option<&ElementDefinition> {
        find(&self.fields, number)
    }
}

impl DatatypeDefinition {
    /// The component `number`, from 1.
    pub fn component(&self, number: u16) -> Option<&ElementDefinition> {
        find(&self.components, number)
    }
}

fn find(elements: &[ElementDefinition], number: u16) -> Option<&ElementDefinition> {
    let place = elements
        .binary_search_by_key(&number, |element| element.number)
        .ok()?;
    elements.get(place)
}
