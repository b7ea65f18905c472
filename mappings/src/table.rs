//! Code tables: a CSV file with the header `from,to` and, optionally, `system,display`.
//! Which rows use a table and what kind of element its codes go to is checked in `compile`.

use std::collections::HashMap;

use crate::ast::Unmapped;

/// Rows in one table, at most.
const MAX_ROWS: usize = 200_000;

/// The rows of a table file.
#[derive(Debug, Clone, Default)]
pub struct TableRows {
    rows: Vec<TableRow>,
    by_code: HashMap<String, usize>,
}

#[derive(Debug, Clone)]
struct TableRow {
    to: String,
    system: String,
    display: String,
}

/// A table with the rule for codes that it does not have.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name in the map.
    pub name: String,
    rows: TableRows,
    unmapped: Unmapped,
}

/// What a table says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup<'t> {
    /// This code.
    Code(&'t str),
    /// The code itself.
    Keep,
    /// Nothing is written.
    Nothing,
    /// The code of the map's `default`.
    Default {
        /// The code.
        code: &'t str,
        /// Whether to warn.
        warn: bool,
    },
    /// The message cannot be translated.
    Unmapped,
}

impl TableRows {
    /// Reads a table file. An error is words for people, with the line where there is one.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader
            .headers()
            .map_err(|_unreadable| "line 1 cannot be read as CSV".to_owned())?;
        let column = |name: &str| header.iter().position(|cell| cell.trim() == name);
        let known = ["from", "to", "system", "display"];
        if let Some(other) = header.iter().find(|cell| !known.contains(&cell.trim())) {
            return Err(format!(
                "line 1 has a column `{other}`; known are {}",
                known.join(", ")
            ));
        }
        let (Some(from), Some(to)) = (column("from"), column("to")) else {
            return Err("line 1 must be the header `from,to` (then `system,display`)".to_owned());
        };
        let (system, display) = (column("system"), column("display"));
        let mut table = Self::default();
        for (index, record) in reader.records().enumerate() {
            let line = index + 2;
            let record =
                record.map_err(|_unreadable| format!("line {line} cannot be read as CSV"))?;
            let cell = |at: usize| record.get(at).unwrap_or_default().trim().to_owned();
            let code = cell(from);
            if code.is_empty() || index >= MAX_ROWS {
                return Err(format!(
                    "line {line} has no code, or is beyond {MAX_ROWS} rows"
                ));
            }
            if table.by_code.insert(code, table.rows.len()).is_some() {
                return Err(format!(
                    "line {line} has a code in `from` that stands there before"
                ));
            }
            let optional = |at: Option<usize>| at.map(cell).unwrap_or_default();
            let row = TableRow {
                to: cell(to),
                system: optional(system),
                display: optional(display),
            };
            table.rows.push(row);
        }
        Ok(table)
    }

    fn find(&self, code: &str) -> Option<&TableRow> {
        let trimmed = || Some(code.trim()).filter(|trimmed| *trimmed != code);
        let at = self
            .by_code
            .get(code)
            .or_else(|| self.by_code.get(trimmed()?))?;
        self.rows.get(*at)
    }
}

impl Table {
    /// A table of a map.
    pub fn new(name: String, rows: TableRows, unmapped: Unmapped) -> Self {
        Self {
            name,
            rows,
            unmapped,
        }
    }

    /// What it says of a code. A row whose `to` is empty says that nothing is written.
    pub fn look_up(&self, code: &str) -> Lookup<'_> {
        match (self.rows.find(code), &self.unmapped) {
            (Some(row), _) if row.to.is_empty() => Lookup::Nothing,
            (Some(row), _) => Lookup::Code(&row.to),
            (None, Unmapped::Error) => Lookup::Unmapped,
            (None, Unmapped::Keep) => Lookup::Keep,
            (None, Unmapped::Skip) => Lookup::Nothing,
            (None, Unmapped::Default { code, warn }) => Lookup::Default { code, warn: *warn },
        }
    }

    /// The code system of the code a value becomes.
    pub fn system(&self, code: &str) -> Option<&str> {
        self.rows
            .find(code)
            .map(|row| row.system.as_str())
            .filter(|text| !text.is_empty())
    }

    /// The display of the code a value becomes.
    pub fn display(&self, code: &str) -> Option<&str> {
        self.rows
            .find(code)
            .map(|row| row.display.as_str())
            .filter(|text| !text.is_empty())
    }

    /// Whether the code is in the table.
    pub fn contains(&self, code: &str) -> bool {
        self.rows.find(code).is_some()
    }

    /// Every code that the table may give, the default included; `keep` gives others too.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        let default = match &self.unmapped {
            Unmapped::Default { code, .. } => Some(code.as_str()),
            Unmapped::Error | Unmapped::Keep | Unmapped::Skip => None,
        };
        let rows = self.rows.rows.iter().map(|row| row.to.as_str());
        rows.filter(|to| !to.is_empty()).chain(default)
    }

    /// Whether codes that are not in the table pass as they are.
    pub fn keeps_unmapped(&self) -> bool {
        self.unmapped == Unmapped::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_rules() {
        let rows = TableRows::read("from,to,display\nM,male,Male\nX,,\n").unwrap();
        let table = Table::new("sex".into(), rows, Unmapped::Skip);
        assert_eq!(table.look_up("M"), Lookup::Code("male"));
        assert_eq!(table.look_up("X"), Lookup::Nothing);
        assert_eq!(table.display("M"), Some("Male"));
        assert!(
            TableRows::read("from,to\nM,a\nM,b\n")
                .unwrap_err()
                .contains("line 3")
        );
        assert!(TableRows::read("code,to\n").is_err());
    }
}
