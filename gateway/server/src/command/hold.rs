//! `isthmus hold` and `isthmus suppress`: hold back what is about patients, and let no marketing go
//! to addresses; what follows is decided in the privacy gate.

use std::path::Path;

use crate::admin::answer::{Recorded, Suppressed};
use crate::admin::client::ask;
use crate::admin::request::Request;
use crate::config_file::ConfigFile;
use crate::failure::{Failure, counted};
use crate::operator_options::{HoldLift, HoldPlace, Suppress};
use crate::output::Output;
use crate::patient_lines::{addresses, patients};

/// Places a hold on every patient of the input.
pub(crate) fn place(folder: &Path, options: &HoldPlace, output: Output) -> Result<(), Failure> {
    let kind = Some(options.kind.clone());
    let held = set(folder, &options.patients, kind, output)?;
    let patients = counted(held.patients, "patient");
    output.line(format!(
        "nothing leaves about {patients} for now ({})",
        options.kind
    ));
    warn_of_what_is_on_its_way(held.nothing_on_its_way, output);
    Ok(())
}

/// Says so when what was decided before a word may still leave.
pub(crate) fn warn_of_what_is_on_its_way(nothing_on_its_way: bool, output: Output) {
    if !nothing_on_its_way {
        output.warning("something that was decided upon before is still on its way");
    }
}

/// Lifts the holds on every patient of the input.
pub(crate) fn lift(folder: &Path, options: &HoldLift, output: Output) -> Result<(), Failure> {
    let lifted = set(folder, &options.patients, None, output)?;
    let patients = counted(lifted.patients, "patient");
    output.line(format!("what is about {patients} goes on"));
    Ok(())
}

fn set(
    folder: &Path,
    path: &Path,
    kind: Option<String>,
    output: Output,
) -> Result<Recorded, Failure> {
    let file = ConfigFile::read(folder)?;
    let patients = patients(&file, path)?;
    let recorded = ask(&file, Request::Hold { patients, kind })?;
    output.document(&recorded);
    Ok(recorded)
}

/// Suppresses every address of the input.
pub(crate) fn suppress(folder: &Path, options: &Suppress, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    let request = Request::Suppress {
        addresses: addresses(&options.addresses)?,
        source: options.source.clone(),
    };
    let suppressed: Suppressed = ask(&file, request)?;
    output.line(format!(
        "no marketing goes to {} any more ({} new)",
        if suppressed.addresses == 1 {
            "1 address".to_owned()
        } else {
            format!("{} addresses", suppressed.addresses)
        },
        suppressed.new
    ));
    warn_of_what_is_on_its_way(suppressed.nothing_on_its_way, output);
    output.document(&suppressed);
    Ok(())
}
