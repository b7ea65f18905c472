//! `isthmus parked`: lists and shows what waits for a person, and passes on what they say of it.

use std::path::Path;

use crate::admin::answer::{LedgerPage, ParkedRow, Ruled};
use crate::admin::client::ask;
use crate::admin::request::{AllParked, LedgerQuery, Order, Request};
use crate::command::why::show_entries;
use crate::config_file::ConfigFile;
use crate::failure::{Failure, counted};
use crate::operator_options::{Parked, ParkedList, ParkedRule, ParkedShow};
use crate::output::Output;

/// Entries of the ledger that are shown of one message.
const ENTRIES_MAX: usize = 200;
/// How far `show` looks through what is parked.
const LISTED_MAX: usize = 100_000;

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &Parked, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    match command {
        Parked::List(options) => list(&file, options, output),
        Parked::Show(options) => show(&file, options, output),
        Parked::Retry(options) => rule(&file, options, false, output),
        Parked::Drop(options) => rule(&file, options, true, output),
    }
}

fn list(file: &ConfigFile, options: &ParkedList, output: Output) -> Result<(), Failure> {
    let (after, limit) = (options.after, options.limit);
    let parked: Vec<ParkedRow> = ask(file, Request::Parked { after, limit })?;
    output.document(&parked);
    match parked.len() {
        0 => output.line("nothing is parked"),
        count => output.line(format!("{} parked", counted(count, "item"))),
    }
    table(&parked, output);
    Ok(())
}

/// A table of parked items.
pub(crate) fn table(parked: &[ParkedRow], output: Output) {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let rows = parked.iter().map(|one| {
        let place = [text(&one.location), text(&one.rule)].join(" ");
        let behind = match one.behind {
            0 => String::new(),
            behind => behind.to_string(),
        };
        vec![
            one.item.clone(),
            one.message.to_string(),
            text(&one.sender),
            text(&one.recipient),
            one.reason.clone(),
            behind,
            place.trim().to_owned(),
        ]
    });
    let head = [
        "parked",
        "message",
        "sender",
        "recipient",
        "reason",
        "behind",
        "place",
    ];
    output.table(&head, rows.collect());
}

fn show(file: &ConfigFile, options: &ParkedShow, output: Output) -> Result<(), Failure> {
    let everything = Request::Parked {
        after: None,
        limit: LISTED_MAX,
    };
    let parked: Vec<ParkedRow> = ask(file, everything)?;
    let mut parked = parked.into_iter();
    let Some(one) = parked.find(|one| one.item == options.item) else {
        let text = format!("nothing is parked as {}; see `parked list`", options.item);
        return Err(Failure::Usage(text));
    };
    let query = LedgerQuery {
        message: Some(one.message),
        recipient: one.recipient.clone(),
        limit: ENTRIES_MAX,
        ..LedgerQuery::default()
    };
    let page: LedgerPage = ask(file, Request::Ledger(query))?;
    output.document(&serde_json::json!({ "parked": one, "ledger": page.entries }));
    output.line(format!(
        "{} of message {}: {}, parked since {}, {}",
        one.recipient.as_deref().unwrap_or("the whole"),
        one.message,
        one.reason,
        one.at,
        match one.behind {
            0 => "nothing waits behind it".to_owned(),
            behind => format!("{} behind it", counted(behind as usize, "delivery")),
        }
    ));
    for (what, value) in [("place", &one.location), ("rule", &one.rule)] {
        if let Some(value) = value {
            output.line(format!("{what}: {value}"));
        }
    }
    show_entries(&page.entries, output);
    Ok(())
}

fn rule(
    file: &ConfigFile,
    options: &ParkedRule,
    drop: bool,
    output: Output,
) -> Result<(), Failure> {
    let all = options.all.as_ref().map(|reason| AllParked {
        recipient: options.recipient.clone(),
        reason: reason.clone(),
    });
    let order = Order {
        items: options.items.clone(),
        all,
        drop,
        why: options.why.clone(),
        overtaken_too: options.out_of_order,
    };
    let ruled: Ruled = ask(file, Request::Rule(order))?;
    output.document(&ruled);
    let word = if drop { "dropped" } else { "tried again" };
    output.line(format!("{} {word}", counted(ruled.ruled, "item")));
    for one in &ruled.refused {
        output.line(format!("{}: {}", one.item, one.why));
    }
    if ruled.refused.is_empty() {
        Ok(())
    } else {
        Err(Failure::Findings)
    }
}
