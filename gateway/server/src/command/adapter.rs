//! `isthmus adapter`: which adapters there are, and whether the destinations are as they must be;
//! nothing is reached for that unless asked for. What would be sent is shown by `adapter_plan`.

use std::path::Path;

use clap::{Args, Subcommand};
use isthmus_adapters::dry_run::{self, AvailableAdapter};
use isthmus_core::diagnostic::Diagnostic;
use serde::Serialize;
use toml::Spanned;

use crate::amqp_parts::{self, REACHED};
use crate::command::adapter_plan::{self, AdapterPlan};
use crate::config::DestinationConfig;
use crate::config_file::ConfigFile;
use crate::destinations;
use crate::failure::Failure;
use crate::files_parts;
use crate::mllp_parts;
use crate::output::Output;

/// Commands on adapters.
#[derive(Debug, Subcommand)]
pub(crate) enum AdapterCommand {
    /// List the adapters, and check every destination.
    #[command(
        after_help = "Examples:\n  isthmus adapter check\n  isthmus adapter check amqp \
                            --reach\n\nNobody is reached unless asked for. Exit code 2 on any \
                            error."
    )]
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

    /// Log in at the brokers, and look for their exchanges and queues; with `declare = true` in the
    /// configuration they are made. Connect to the receivers of HL7 v2 messages. Log in at the
    /// servers that take files and look for the folder; in folders of this machine, make a hidden
    /// empty file and take it away. Sends nothing.
    #[arg(long)]
    pub(crate) reach: bool,
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
    /// What came of reaching it: `reached`, or why not; none when it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    reached: Option<&'static str>,
    /// How whoever is reached is called.
    #[serde(skip)]
    peer: &'static str,
}

impl CheckedDestination {
    fn is_unreached(&self) -> bool {
        self.reached.is_some_and(|reached| reached != REACHED)
    }
}

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &AdapterCommand, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    match command {
        AdapterCommand::Check(options) => check(&file, options, output),
        AdapterCommand::Plan(options) => adapter_plan::run(&file, options, output),
    }
}

/// How whoever is reached is called.
const fn peer(config: &DestinationConfig) -> &'static str {
    match config {
        DestinationConfig::Amqp(_) => "the broker",
        DestinationConfig::Files(config) if config.sftp.is_some() => "the server",
        DestinationConfig::Files(_) | DestinationConfig::NdjsonFolder(_) => "the folder",
        DestinationConfig::Mllp(_) | DestinationConfig::Webhook(_) => "the receiver",
    }
}

/// What came of reaching a destination, when that is asked for and its adapter can.
fn reached(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    is_asked: bool,
) -> Result<Option<&'static str>, Vec<Diagnostic>> {
    if !is_asked {
        return Ok(None);
    }
    // An offline command is no task, so it may wait.
    let runtime = tokio::runtime::Handle::current();
    match stated.get_ref() {
        DestinationConfig::Amqp(config) => {
            runtime.block_on(amqp_parts::reach(file, stated, config))
        }
        DestinationConfig::Mllp(config) => {
            let fault = runtime.block_on(mllp_parts::reach(file, stated, config))?;
            Ok(Some(fault.unwrap_or(REACHED)))
        }
        DestinationConfig::Files(config) => {
            let fault = runtime.block_on(files_parts::reach(file, stated, config))?;
            Ok(Some(fault.unwrap_or(REACHED)))
        }
        DestinationConfig::NdjsonFolder(_) | DestinationConfig::Webhook(_) => Ok(None),
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
    let stated = file.config.destinations.iter();
    let stated = stated.filter(|one| asked(one.get_ref().adapter()));
    let mut destinations = Vec::new();
    let mut problems = Vec::new();
    for one in stated {
        match reached(file, one, options.reach) {
            Ok(reached) => destinations.push(CheckedDestination {
                recipient: one.get_ref().recipient().to_owned(),
                adapter: one.get_ref().adapter(),
                reached,
                peer: peer(one.get_ref()),
            }),
            Err(wrong) => problems.extend(wrong),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Configuration(problems));
    }
    let checked = Checked {
        adapters,
        destinations,
    };
    output.document(&checked);
    let rows = checked.adapters.iter().map(|one| {
        let limits = format!("{} a call, {} calls at once", one.batch_limit, one.at_once);
        vec![one.name.to_owned(), one.about.to_owned(), limits]
    });
    output.table(&["adapter", "what it does", "takes"], rows.collect());
    let rows = checked.destinations.iter();
    let rows = rows.map(|one| {
        let reached = one.reached.unwrap_or("not asked");
        let cells = [&one.recipient, one.adapter, "well", reached];
        cells.map(str::to_owned).to_vec()
    });
    let heads = ["recipient", "adapter", "stated", "reached"];
    output.table(&heads, rows.collect());
    match checked.destinations.iter().find(|one| one.is_unreached()) {
        None => Ok(()),
        Some(one) => Err(Failure::Run(format!(
            "{} of {} is not reached: {}",
            one.peer,
            one.recipient,
            one.reached.unwrap_or_default()
        ))),
    }
}
