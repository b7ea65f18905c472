//! Which command on files does what; each is in the file of its name.

use std::path::Path;

use crate::cli::Offline;
use crate::command::{adapter, check, conformance, explain, flow, init, schema, test, translate};
use crate::config_file;
use crate::failure::Failure;
use crate::output::Output;

/// Runs a command; `said` is the configuration's folder as the command line names it.
pub(crate) fn run(said: Option<&Path>, command: &Offline, output: Output) -> Result<(), Failure> {
    let config = || config_file::find(said);
    match command {
        Offline::Init(options) => init::run(options, output),
        Offline::Check => check::run(&config()?, output),
        Offline::Translate(options) => translate::run(&config()?, options, output),
        Offline::Test(options) => test::run(&config()?, options, output),
        Offline::Flow(options) => flow::run(&config()?, options, output),
        Offline::Schema(options) => {
            let mappings = config_file::mappings(said)?;
            schema::run(mappings.as_deref(), options, output)
        }
        Offline::Adapter(command) => adapter::run(&config()?, command, output),
        Offline::Conformance(command) => conformance::run(said, command, output),
        Offline::Explain(options) => explain::run(options, output),
    }
}
