//! Reads the code tables of one version out of `dictionary/tables.txt`, whose form the example
//! `make_dictionary` writes. The rest of the dictionary is read in `dictionary_text`.

use crate::definition::TableDefinition;
use crate::dictionary_text::in_ranges;

const TABLES: &str = include_str!("../dictionary/tables.txt");

/// The tables of the version at `place` in the list of versions, by number.
pub(crate) fn tables(place: usize) -> Vec<TableDefinition> {
    let mut tables: Vec<TableDefinition> = Vec::new();
    let mut is_at_hand = false;
    for line in TABLES.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("    ") {
            Some(codes) => {
                if let Some(table) = tables.last_mut().filter(|_| is_at_hand) {
                    table.codes.extend(codes.split('\t'));
                }
            }
            None => match line.strip_prefix("  ") {
                Some(ranges) => is_at_hand = in_ranges(ranges, place),
                None => tables.extend(line.parse().ok().map(|number| TableDefinition {
                    number,
                    codes: Vec::new(),
                })),
            },
        }
    }
    tables.retain(|table| !table.codes.is_empty());
    for table in &mut tables {
        table.codes.sort_unstable();
        table.codes.dedup();
        table.codes.shrink_to_fit();
    }
    tables
}
