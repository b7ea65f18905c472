//! Turns rows of codes into `dictionary/tables.txt`: each code of a table once, beside those that
//! stand in the same versions. The other files are made in `render`.

use std::collections::BTreeMap;

use crate::render::{Problem, WIDTH_MAX, ranges, version_place};

/// Tables, each with its codes by the versions they stand in. Codes may hold blanks, so tabs part
/// them.
pub(crate) fn tables(csv: &str) -> Result<String, Problem> {
    let mut places: BTreeMap<(u16, String), Vec<usize>> = BTreeMap::new();
    for row in csv.lines().skip(1) {
        let mut cells = row.splitn(3, ',');
        let (Some(version), Some(table), Some(code)) = (cells.next(), cells.next(), cells.next())
        else {
            return Err("a row of tables has fewer than 3 cells".into());
        };
        let digits = table.strip_prefix("HL7").unwrap_or(table);
        let code = unquoted(code);
        let code = code.trim();
        if code.is_empty() {
            continue;
        }
        if code.contains('\t') {
            return Err(format!("a code of table {table} holds a tab").into());
        }
        let known = places
            .entry((digits.parse()?, code.to_owned()))
            .or_default();
        let place = version_place(version)?;
        if known.last() != Some(&place) {
            known.push(place);
        }
    }
    let mut tables: BTreeMap<u16, BTreeMap<Vec<usize>, Vec<String>>> = BTreeMap::new();
    for ((table, code), mut places) in places {
        places.sort_unstable();
        places.dedup();
        let by_versions = tables.entry(table).or_default();
        by_versions.entry(places).or_default().push(code);
    }
    let mut text = String::from(
        "# HL7 v2 tables, made by the example make_dictionary.\n\
         # number, then versions and, further in, the codes that stand in them, parted by tabs.\n",
    );
    for (table, by_versions) in tables {
        text.extend([table.to_string().as_str(), "\n"]);
        for (places, codes) in by_versions {
            text.extend(["  ", &ranges(&places), "\n"]);
            write_codes(&mut text, &codes);
        }
    }
    Ok(text)
}

fn write_codes(text: &mut String, codes: &[String]) {
    let mut width = 0;
    for code in codes {
        let is_first = width == 0;
        if !is_first && width + code.len() < WIDTH_MAX {
            text.push('\t');
        } else {
            text.push_str(if is_first { "    " } else { "\n    " });
            width = 4;
        }
        text.push_str(code);
        width += code.len() + 1;
    }
    text.push('\n');
}

/// A cell without its quotes; a quote inside is doubled.
fn unquoted(cell: &str) -> String {
    let inner = cell
        .strip_prefix('"')
        .and_then(|cell| cell.strip_suffix('"'));
    inner.map_or_else(|| cell.to_owned(), |inner| inner.replace("\"\"", "\""))
}
