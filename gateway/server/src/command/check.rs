//! `isthmus check`: loads configuration, certificates, maps, tables and policies as `run` would,
//! and shows every error and warning; starts nothing.

use std::path::Path;

use isthmus_core::clock::Clock;
use serde::Serialize;

use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::system::SystemClock;
use crate::whole_load;

/// The `--json` document when all is well.
#[derive(Debug, Serialize)]
struct Checked {
    errors: usize,
    warnings: usize,
    maps: usize,
    recipients: usize,
    flows: usize,
}

/// Checks everything.
pub(crate) fn run(folder: &Path, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    file.first_start()?;
    file.master_key()?;
    file.ledger_key("check")?;
    let rules = whole_load::load(&file, SystemClock.now())?;
    output.diagnostics(&rules.warnings);
    let checked = Checked {
        errors: 0,
        warnings: rules.warnings.len(),
        maps: rules.library.maps().len(),
        recipients: rules.policies.recipients().count(),
        flows: rules.policies.flows().len(),
    };
    output.document(&checked);
    output.line(format!(
        "all is well: {} maps, {} recipients, {} flows, {} warnings",
        checked.maps, checked.recipients, checked.flows, checked.warnings
    ));
    Ok(())
}
