//! The command that makes `dictionary/*.txt` from tables of facts; it reads and writes files.
//! The form of the files is in `render` and `render_tables`; the crate reads them back in
//! `dictionary_text` and `dictionary_tables`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

mod render;
mod render_tables;

/// `make_dictionary DIR [OUT]`: reads `DIR/hl7v2-dictionary/*.csv` and the table of message
/// structures in `DIR/v2-to-fhir`, writes to `OUT` or to this crate's `dictionary` folder.
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let source = PathBuf::from(arguments.next().ok_or("usage: make_dictionary DIR [OUT]")?);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionary");
    let target = arguments.next().map_or(own, PathBuf::from);
    let tables = source.join("hl7v2-dictionary");
    let events = source.join("v2-to-fhir/original/codesystems/MessageStructure.csv");
    fs::create_dir_all(&target)?;
    let segments = render::elements(
        &fs::read_to_string(tables.join("segments.csv"))?,
        "segments",
    )?;
    fs::write(target.join("segments.txt"), segments)?;
    let datatypes = render::elements(
        &fs::read_to_string(tables.join("datatypes.csv"))?,
        "datatypes",
    )?;
    fs::write(target.join("datatypes.txt"), datatypes)?;
    let structures = render::structures(&fs::read_to_string(tables.join("messages.csv"))?)?;
    fs::write(target.join("structures.txt"), structures)?;
    let codes = render_tables::tables(&fs::read_to_string(tables.join("tables.csv"))?)?;
    fs::write(target.join("tables.txt"), codes)?;
    fs::write(
        target.join("events.txt"),
        render::events(&fs::read_to_string(events)?),
    )?;
    Ok(())
}
