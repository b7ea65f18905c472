//! How the R4 facts become the three tables of the `definitions` folder; reading and writing files
//! is left to the command and to the test that compares them with the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const ABOUT_ELEMENTS: &str = "\
# FHIR R4 (4.0.1) structures and elements, written by `make_definitions`; do not edit.
# A structure: `:name kind base`; kind p primitive, c complex, r resource, upper case if abstract.
# An element: path, cardinality, types or #content reference, flags (m modifier, s summary),
# binding strength, value set; separated by tabs, in the order of the definitions.
";
const ABOUT_CODES: &str = "\
# The codes of the value sets that R4 (4.0.1) binds as required, written by `make_definitions`; do
# not edit. `:value set`, `@system`, then code, tab, display.
";
const ABOUT_NAMES: &str = "\
# Every member name that R4 (4.0.1) JSON can hold, sorted, written by `make_definitions`; do not
# edit. Typed choices are spelt out; `_` names carry the id and extensions of primitives.
";

/// The text of the three tables.
pub(crate) struct Tables {
    elements: String,
    codes: String,
    names: String,
}

type Row = BTreeMap<String, String>;

impl Tables {
    /// Builds the tables from the text of the three comma-separated files.
    pub(crate) fn build(structures: &str, elements: &str, codes: &str) -> Self {
        let structures: BTreeMap<String, Row> = rows(structures)
            .into_iter()
            .filter(|row| is_r4(cell(row, "name"), cell(row, "kind")))
            .map(|row| (cell(&row, "name").to_owned(), row))
            .collect();
        let mut by_structure: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in rows(elements) {
            if structures.contains_key(cell(&row, "structure")) && is_member(&row) {
                by_structure
                    .entry(cell(&row, "structure").to_owned())
                    .or_default()
                    .push(row);
            }
        }
        Self {
            elements: element_table(&structures, &by_structure),
            codes: code_table(&rows(codes)),
            names: name_table(&structures, &by_structure),
        }
    }

    /// File name and text of each table.
    pub(crate) fn files(&self) -> [(&'static str, &str); 3] {
        [
            ("elements.txt", &self.elements),
            ("codes.txt", &self.codes),
            ("names.txt", &self.names),
        ]
    }
}

/// R4 proper: no logical models, and not the R4B backport that some packages add.
fn is_r4(name: &str, kind: &str) -> bool {
    kind != "logical" && name != "SubscriptionStatus"
}

/// Rows that can be members of an object: not the root, not a primitive's own value, not forbidden.
fn is_member(row: &Row) -> bool {
    let path = cell(row, "path");
    let own_value =
        cell(row, "kind") == "primitive-type" && path.rsplit('.').next() == Some("value");
    path.contains('.') && !own_value && cell(row, "max") != "0"
}

fn element_table(
    structures: &BTreeMap<String, Row>,
    elements: &BTreeMap<String, Vec<Row>>,
) -> String {
    let mut text = String::from(ABOUT_ELEMENTS);
    for (name, row) in structures {
        let mut kind: String = cell(row, "kind").chars().take(1).collect();
        if cell(row, "abstract") == "True" {
            kind.make_ascii_uppercase();
        }
        let heading = format!(":{name} {kind} {}", cell(row, "base"));
        let _ = writeln!(text, "{}", heading.trim_end());
        for element in elements.get(name).into_iter().flatten() {
            let _ = writeln!(text, "{}", element_line(element).trim_end());
        }
    }
    text
}

fn element_line(row: &Row) -> String {
    let types = match cell(row, "content_reference") {
        "" => cell(row, "types").replace("System.String", "string"),
        reference => reference.to_owned(),
    };
    let mut flags = String::new();
    for (column, letter) in [("is_modifier", 'm'), ("is_summary", 's')] {
        if cell(row, column) == "y" {
            flags.push(letter);
        }
    }
    let value_set = cell(row, "value_set");
    format!(
        "{}\t{}..{}\t{types}\t{flags}\t{}\t{}",
        cell(row, "path"),
        cell(row, "min"),
        cell(row, "max"),
        cell(row, "binding_strength"),
        value_set.split_once('|').map_or(value_set, |(url, _)| url),
    )
}

fn code_table(codes: &[Row]) -> String {
    let mut text = String::from(ABOUT_CODES);
    let mut sorted: Vec<&Row> = codes.iter().collect();
    sorted.sort_by_key(|row| cell(row, "value_set"));
    let (mut value_set, mut system) = ("", "");
    for row in sorted {
        if cell(row, "value_set") != value_set {
            (value_set, system) = (cell(row, "value_set"), "");
            let _ = writeln!(text, ":{value_set}");
        }
        if cell(row, "system") != system {
            system = cell(row, "system");
            let _ = writeln!(text, "@{system}");
        }
        let _ = writeln!(text, "{}\t{}", cell(row, "code"), cell(row, "display"));
    }
    text
}

fn name_table(structures: &BTreeMap<String, Row>, elements: &BTreeMap<String, Vec<Row>>) -> String {
    let primitive = |name: &str| {
        structures
            .get(name)
            .is_some_and(|row| cell(row, "kind") == "primitive-type")
    };
    let mut names = BTreeSet::from(["resourceType".to_owned()]);
    for row in elements.values().flatten() {
        let last = cell(row, "path").rsplit('.').next().unwrap_or_default();
        for type_name in cell(row, "types").split(' ') {
            let type_name = type_name.split('(').next().unwrap_or_default();
            let name = match last.strip_suffix("[x]") {
                Some(stem) => format!("{stem}{}", capitalised(type_name)),
                None => last.to_owned(),
            };
            if primitive(type_name) {
                names.insert(format!("_{name}"));
            }
            names.insert(name);
        }
    }
    let mut text = String::from(ABOUT_NAMES);
    for name in names {
        let _ = writeln!(text, "{name}");
    }
    text
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}

fn cell<'r>(row: &'r Row, column: &str) -> &'r str {
    row.get(column).map_or("", String::as_str)
}

/// The rows of a comma-separated text with a heading line, quotes doubled inside quoted cells.
fn rows(text: &str) -> Vec<Row> {
    let mut lines = text.lines();
    let heading = cells(lines.next().unwrap_or_default());
    lines
        .map(|line| heading.iter().cloned().zip(cells(line)).collect())
        .collect()
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                push(&mut cells, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => push(&mut cells, other),
        }
    }
    cells
}

fn push(cells: &mut [String], letter: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(letter);
    }
}
