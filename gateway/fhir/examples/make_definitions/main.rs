//! The command that writes the `definitions` folder from a folder of R4 facts; how the tables look
//! is decided in `tables`.
//!
//! `cargo run -p isthmus-fhir --example make_definitions -- DIR [TARGET]`, where DIR holds
//! `structures.csv`, `elements.csv` and `required-codes.csv`; without TARGET the tables in the
//! tree are written.

mod tables;

use crate::tables::Tables;
use std::fs;
use std::io::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Error> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(Error::other(
            "name the folder that holds structures.csv and elements.csv",
        ));
    };
    let folder = Path::new(&folder);
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let tables = Tables::build(
        &read("structures.csv")?,
        &read("elements.csv")?,
        &read("required-codes.csv")?,
    );
    let in_tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("definitions");
    let target = std::env::args_os().nth(2).map_or(in_tree, PathBuf::from);
    fs::create_dir_all(&target)?;
    for (name, text) in tables.files() {
        fs::write(target.join(name), text)?;
    }
    Ok(())
}
