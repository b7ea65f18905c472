//! `isthmus adapter`: which adapters there are, whether the destinations are as they must be, and
//! what would be sent for the messages of a file, every value of the records masked; sends nothing.

use std::path::Path;

use clap::{Args, Subcommand};
use isthmus_adapters::adapter::Adapter;
use isthmus_adapters::dry_run::{self, AvailableAdapter, ShownCall};
use isthmus_adapters::ndjson_folder::destination::NdjsonFolder;
use isthmus_core::clock::Clock;
use serde::Serialize;

use crate::config::DestinationConfig;
use crate::config_file::ConfigFile;
use crate::destinations;
use crate::dry_release::{self, Withheld};
use crate::failure::{Failure, counted};
use crate::output::Output;
use crate::rules::Rules;
use crate::system::SystemClock;

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

/// Options of `adapter plan`.
#[derive(Debug, Args)]
pub(crate) struct AdapterPlan {
    /// The file of HL7 v2 messages; `-` for standard input.
    pub(crate) file: std::path::PathBuf,

    /// One recipient only.
    #[arg(long, value_name = "ID")]
    pub(crate) recipient: Option<String>,

    /// The sender whose zone and default charset hold; without it the first one that the
    /// configuration names.
    #[arg(long, value_name = "ID")]
    pub(crate) sender: Option<String>,
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

/// What would be sent to one recipient for one message.
#[derive(Debug, Serialize)]
struct Planned {
    /// The message, by its place in the file, from 1.
    message: usize,
    recipient: String,
    calls: Vec<ShownCall>,
    /// Flows by which nothing would leave, and why.
    withheld: Vec<Withheld>,
}

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &AdapterCommand, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    match command {
        AdapterCommand::Check(options) => check(&file, options, output),
        AdapterCommand::Plan(options) => plan(&file, options, output),
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

fn plan(file: &ConfigFile, options: &AdapterPlan, output: Output) -> Result<(), Failure> {
    file.first_start()?;
    let rules = Rules::load(file, SystemClock.now())?;
    let released = dry_release::release(file, &rules, &options.file, options.sender.as_deref())?;
    let mut planned = Vec::new();
    for stated in &file.config.destinations {
        let recipient = stated.get_ref().recipient();
        if options
            .recipient
            .as_deref()
            .is_some_and(|asked| asked != recipient)
        {
            continue;
        }
        let adapter: Box<dyn Adapter> = match stated.get_ref() {
            DestinationConfig::NdjsonFolder(_) => Box::new(NdjsonFolder),
            DestinationConfig::Webhook(config) => {
                let made = destinations::webhook(file, stated, config);
                Box::new(made.map_err(Failure::Configuration)?)
            }
        };
        for (index, one) in released.iter().enumerate() {
            let (batch, withheld) = one.for_recipient(recipient);
            planned.push(Planned {
                message: index + 1,
                recipient: recipient.to_owned(),
                calls: dry_run::plan(adapter.as_ref(), &batch, SystemClock.now()),
                withheld,
            });
        }
    }
    if planned.is_empty() {
        let text = "no destination is stated for this recipient; nothing would be sent";
        return Err(Failure::Usage(text.to_owned()));
    }
    output.document(&planned);
    for one in &planned {
        show(one, output);
    }
    Ok(())
}

fn show(planned: &Planned, output: Output) {
    let calls = counted(planned.calls.len(), "call");
    output.line(format!(
        "message {} to {}: {calls}",
        planned.message, planned.recipient
    ));
    for withheld in &planned.withheld {
        output.line(format!(
            "  {}: nothing leaves, {}",
            withheld.flow, withheld.why
        ));
    }
    for call in &planned.calls {
        match call {
            ShownCall::Append { file, lines, .. } => {
                output.line(format!("  append to {file}"));
                for line in lines {
                    output.line(indented(line));
                }
            }
            ShownCall::Http {
                method,
                url,
                headers,
                body,
                ..
            } => {
                output.line(format!("  {method} {url}"));
                for header in headers {
                    output.line(format!("  {}: {}", header.name, header.value));
                }
                output.line(indented(body));
            }
        }
    }
}

fn indented(value: &serde_json::Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let lines = text.lines().map(|line| format!("    {line}"));
    lines.collect::<Vec<_>>().join("\n")
}
