//! `isthmus adapter plan`: the calls that the messages of a file would make, every value of the
//! records masked; nothing is stored or sent.

use std::path::PathBuf;

use clap::Args;
use isthmus_adapters::dry_run::{self, ShownCall, ShownHeader};
use isthmus_core::clock::Clock;
use serde::Serialize;

use crate::config_file::ConfigFile;
use crate::destinations;
use crate::dry_release::{self, Withheld};
use crate::failure::{Failure, counted};
use crate::input;
use crate::output::Output;
use crate::rules::Rules;
use crate::sender_terms;
use crate::system::SystemClock;

/// Options of `adapter plan`.
#[derive(Debug, Args)]
pub(crate) struct AdapterPlan {
    /// The file of HL7 v2 messages; `-` for standard input.
    pub(crate) file: PathBuf,

    /// One recipient only.
    #[arg(long, value_name = "ID")]
    pub(crate) recipient: Option<String>,

    /// The sender whose zone and default charset hold; without it the first one that the
    /// configuration names.
    #[arg(long, value_name = "ID")]
    pub(crate) sender: Option<String>,
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

/// Shows what would be sent.
pub(crate) fn run(file: &ConfigFile, options: &AdapterPlan, output: Output) -> Result<(), Failure> {
    file.first_start()?;
    let rules = Rules::load(file, SystemClock.now())?;
    let sender = sender_terms::named(file, options.sender.as_deref())?;
    let messages = input::messages(&options.file)?;
    let released = dry_release::release(&rules, &messages, &sender, SystemClock.now())?;
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
        let adapter = destinations::adapter(file, stated)?;
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
        show_call(call, output);
    }
}

fn show_call(call: &ShownCall, output: Output) {
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
            show_headers(headers, output);
            output.line(indented(body));
        }
        ShownCall::Amqp {
            exchange,
            routing_key,
            properties,
            sealed_under,
            body,
            ..
        } => {
            let exchange = if exchange.is_empty() {
                "the default exchange"
            } else {
                exchange
            };
            output.line(format!(
                "  publish to {exchange} with the routing key {routing_key}"
            ));
            show_headers(properties, output);
            output.line(match sealed_under {
                Some(key) => format!("  sealed under the key {key}, what is inside:"),
                None => "  not sealed:".to_owned(),
            });
            output.line(indented(body));
        }
        ShownCall::Mllp { segments, .. } => {
            output.line("  send and wait for the acknowledgment:");
            for segment in segments {
                output.line(format!("    {segment}"));
            }
        }
        ShownCall::File {
            file,
            segments,
            body,
            ..
        } => {
            output.line(format!("  put the file {file} into its place:"));
            for segment in segments.iter().flatten() {
                output.line(format!("    {segment}"));
            }
            if let Some(body) = body {
                output.line(indented(body));
            }
        }
        ShownCall::Refused { code, .. } => {
            output.line(format!("  nothing, for it would be refused: {code}"));
        }
    }
}

fn show_headers(headers: &[ShownHeader], output: Output) {
    for header in headers {
        output.line(format!("  {}: {}", header.name, header.value));
    }
}

fn indented(value: &serde_json::Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let lines = text.lines().map(|line| format!("    {line}"));
    lines.collect::<Vec<_>>().join("\n")
}
