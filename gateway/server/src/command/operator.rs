//! Which command on a store does what; each is in the file of its name.

use std::path::Path;

use crate::command::{consent, hold, ledger, parked, reload, status, why};
use crate::failure::Failure;
use crate::operator_options::{Consent, Hold, Operator};
use crate::output::Output;

/// Runs a command on the store of the configuration in this folder.
pub(crate) fn run(folder: &Path, command: &Operator, output: Output) -> Result<(), Failure> {
    match command {
        Operator::Status => status::run(folder, output),
        Operator::Why(options) => why::run(folder, options, output),
        Operator::Parked(command) => parked::run(folder, command, output),
        Operator::Consent(Consent::Set(options)) => consent::set(folder, options, output),
        Operator::Consent(Consent::Show(options)) => consent::show(folder, options, output),
        Operator::Hold(Hold::Place(options)) => hold::place(folder, options, output),
        Operator::Hold(Hold::Lift(options)) => hold::lift(folder, options, output),
        Operator::Suppress(options) => hold::suppress(folder, options, output),
        Operator::Reload => reload::run(folder, output),
        Operator::Ledger(command) => ledger::run(folder, command, output),
    }
}
