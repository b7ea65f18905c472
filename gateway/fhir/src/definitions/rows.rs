//! The rows behind the definitions, parsed once from the text in the binary; finding a way through
//! them is left to `structure` and `element_definition`.

use crate::definitions::binding::{Binding, BindingStrength, RequiredCode};
use std::ops::Range;
use std::sync::OnceLock;

const ELEMENTS: &str = include_str!("../../definitions/elements.txt");
const CODES: &str = include_str!("../../definitions/codes.txt");

/// What a structure describes (FHIR R4, 2.24, <https://hl7.org/fhir/R4/datatypes.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value without members of its own besides id and extensions.
    Primitive,
    /// A data type with members.
    Complex,
    /// A resource.
    Resource,
}

/// All rows. The texts are slices of the binary; together the vectors take under 1 MB.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Sorted by name.
    pub(crate) structures: Vec<StructureRow>,
    /// Those of one structure together, in the order of the definitions.
    pub(crate) elements: Vec<ElementRow>,
    /// Sorted by URL; the range is into `codes`.
    pub(crate) value_sets: Vec<(&'static str, Range<usize>)>,
    pub(crate) codes: Vec<RequiredCode>,
}

#[derive(Debug)]
pub(crate) struct StructureRow {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_abstract: bool,
    pub(crate) base: &'static str,
    pub(crate) elements: Range<usize>,
}

#[derive(Debug)]
pub(crate) struct ElementRow {
    pub(crate) path: &'static str,
    /// Types apart by blanks, or `#` and the path of the element whose content this one has.
    pub(crate) types: &'static str,
    pub(crate) min: u8,
    /// Nothing stands for any number.
    pub(crate) max: Option<u8>,
    pub(crate) is_modifier: bool,
    pub(crate) is_summary: bool,
    pub(crate) binding: Option<Binding>,
    /// The row of the structure's first element.
    pub(crate) first: usize,
}

impl Rows {
    /// The rows of R4, parsed at the first call.
    pub(crate) fn r4() -> &'static Self {
        static ROWS: OnceLock<Rows> = OnceLock::new();
        ROWS.get_or_init(|| {
            let mut rows = Self::default();
            for line in ELEMENTS.lines().filter(|line| !line.starts_with('#')) {
                rows.add_element_line(line);
            }
            for line in CODES.lines().filter(|line| !line.starts_with("# ")) {
                rows.add_code_line(line);
            }
            rows.structures.shrink_to_fit();
            rows.elements.shrink_to_fit();
            rows.value_sets.shrink_to_fit();
            rows.codes.shrink_to_fit();
            rows
        })
    }

    fn add_element_line(&mut self, line: &'static str) {
        let next = self.elements.len();
        if let Some(heading) = line.strip_prefix(':') {
            let mut words = heading.split(' ');
            let name = words.next().unwrap_or_default();
            let letter = words.next().unwrap_or_default();
            self.structures.push(StructureRow {
                name,
                kind: match letter {
                    "p" | "P" => Kind::Primitive,
                    "r" | "R" => Kind::Resource,
                    _ => Kind::Complex,
                },
                is_abstract: letter.starts_with(char::is_uppercase),
                base: words.next().unwrap_or_default(),
                elements: next..next,
            });
        } else if let Some(structure) = self.structures.last_mut() {
            structure.elements.end = next + 1;
            self.elements
                .push(ElementRow::from_line(line, structure.elements.start));
        }
    }

    fn add_code_line(&mut self, line: &'static str) {
        let next = self.codes.len();
        if let Some((code, display)) = line.split_once('\t') {
            let system = self.codes.last().map_or("", |code| code.system);
            self.add_code(RequiredCode {
                system,
                code,
                display,
            });
        } else if let Some(value_set) = line.strip_prefix(':') {
            self.value_sets.push((value_set, next..next));
        } else if let Some(system) = line.strip_prefix('@') {
            // Holds the system for the codes that follow, until the first of them takes its place.
            self.codes.push(RequiredCode {
                system,
                code: "",
                display: "",
            });
        }
    }

    fn add_code(&mut self, code: RequiredCode) {
        if self.codes.last().is_some_and(|last| last.code.is_empty()) {
            self.codes.pop();
        }
        self.codes.push(code);
        if let Some((_, range)) = self.value_sets.last_mut() {
            range.end = self.codes.len();
        }
    }
}

impl ElementRow {
    fn from_line(line: &'static str, first: usize) -> Self {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let path = cell();
        let (min, max) = cell().split_once("..").unwrap_or_default();
        let types = cell();
        let flags = cell();
        let strength = BindingStrength::from_text(cell());
        let value_set = cell();
        Self {
            path,
            types,
            min: min.parse().unwrap_or_default(),
            max: max.parse().ok(),
            is_modifier: flags.contains('m'),
            is_summary: flags.contains('s'),
            binding: strength.map(|strength| Binding {
                strength,
                value_set,
            }),
            first,
        }
    }
}
