//! Has the crate built again when a file that ships is added or removed; changes to a file are seen
//! without it. What ships is told in `src/shipped.rs`.

use std::io::{self, Write};

/// The folders that `src/shipped.rs` takes in.
const FOLDERS: [&str; 5] = [
    "fhir-to-records",
    "hl7v2-to-fhir",
    "policies",
    "records",
    "tables",
];

fn main() -> io::Result<()> {
    let mut cargo = io::stdout().lock();
    writeln!(cargo, "cargo::rerun-if-changed=build.rs")?;
    for folder in FOLDERS {
        writeln!(cargo, "cargo::rerun-if-changed={folder}")?;
    }
    Ok(())
}
