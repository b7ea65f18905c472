//! `isthmus adapter`: which adapters there are, and whether the destinations are as they must be;
//! nothing is reached for that. What would be sent is shown by `adapter_plan`.

use std::path::Path;

use clap::{Args, Subcommand};
use isthmus_adapters::dry_run::{self, AvailableAdapter};
use serde::Serialize;

use crate::command::adapter_plan::{self, AdapterPlan};
use crate::config_file::ConfigFile;
use crate::destinations;
use crate::failure::Failure;
use crate::output::Output;

/// Commands on adapters.
#[derive(Debug, Subcommand)]
pub(crate) enum AdapterCommand {
    /// List the adapters, and check every destination without reaching one.
    #[command(after_help = "Example:\n  isthmus adapter check\n\nExit code 2 on any error.")]
    Check(AdapterCheck),

    /// Show the calls that the messages of a file would make, every value of the records masked.
    #[command(
        after_help = "Example:\n  isthmus adapter plan update.hl7 --recipient crm\n\nConsents \
                            are taken as given; ids and signatures are not those of a real run."
    )]
    Plan(AdapterPlan),
}

/// Options of `adapter check`.
#[derive(Debug, Args)]
pub(crate) struct AdapterCheck {
    /// One adapter only.
    pub(crate) name: Option<String>,
}

/// The `--json` document of `check`.
#[derive(Debug, Serialize)]
struct Checked {
    adapters: Vec<AvailableAdapter>,
    destinations: Vec<CheckedDestination>,
}

#[derive(Debug, Serialize)]
struct CheckedDestination {
    recipient: String,
    adapter: &'static str,
}

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &AdapterCommand, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    match command {
        AdapterCommand::Check(options) => check(&file, options, output),
        AdapterCommand::Plan(options) => adapter_plan::run(&file, options, output),
    }
}

fn check(file: &ConfigFile, options: &AdapterCheck, output: Output) -> Result<(), Failure> {
    let asked = |name: &str| options.name.as_deref().is_none_or(|asked| asked == name);
    let mut adapters = dry_run::available();
    if let Some(name) = &options.name
        && !adapters.iter().any(|one| one.name == name)
    {
        let known: Vec<&str> = adapters.iter().map(|one| one.name).collect();
        let known = known.join(", ");
        let text = format!("no adapter is called {name}; there are {known}");
        return Err(Failure::Usage(text));
    }
    adapters.retain(|one| asked(one.name));
    file.first_start()?;
    destinations::check(file)?;
    let stated = file.config.destinations.iter().map(toml::Spanned::get_ref);
    let stated = stated.filter(|one| asked(one.adapter()));
    let checked = Checked {
        adapters,
        destinations: stated
            .map(|one| CheckedDestination {
                recipient: one.recipient().to_owned(),
                adapter: one.adapter(),
            })
            .collect(),
    };
    output.document(&checked);
    let rows = checked.adapters.iter().map(|one| {
        let limits = format!("{} a call, {} calls at once", one.batch_limit, one.at_once);
        vec![one.name.to_owned(), one.about.to_owned(), limits]
    });
    output.table(&["adapter", "what it does", "takes"], rows.collect());
    let rows = checked.destinations.iter();
    let rows = rows.map(|one| vec![one.recipient.clone(), one.adapter.to_owned(), "well".into()]);
    output.table(&["recipient", "adapter", "stated"], rows.collect());
    Ok(())
}
