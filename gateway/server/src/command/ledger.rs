//! `isthmus ledger`: checks and shows the ledger. Checking reads the files itself and needs no
//! gateway; what it proves is found out in `isthmus-ledger`.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use isthmus_core::ledger_rows::LedgerRows;
use isthmus_ledger::checkpoint::{SignedNote, TreeHead};
use isthmus_ledger::verify::{Report, verify};
use isthmus_ledger::verifying_key::VerifyingKey;

use crate::admin::answer::{CheckpointNote, LedgerPage};
use crate::admin::client::{ask, open};
use crate::admin::request::{LedgerQuery, Request};
use crate::command::why::show_entries;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::operator_options::{Ledger, LedgerShow, LedgerVerify};
use crate::output::Output;

/// Runs one of the commands.
pub(crate) fn run(folder: &Path, command: &Ledger, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    match command {
        Ledger::Verify(options) => check(&file, options, output),
        Ledger::Show(options) => show(&file, options, output),
        Ledger::Checkpoint => checkpoint(&file, output),
        Ledger::Key => {
            let store = open(&file)?;
            let key = file.ledger_key(&store.name())?.verifying().to_string();
            output.line(&key);
            output.document(&serde_json::json!({ "key": key }));
            Ok(())
        }
    }
}

fn check(file: &ConfigFile, options: &LedgerVerify, output: Output) -> Result<(), Failure> {
    let store = open(file)?;
    let key = match &options.key {
        Some(text) => {
            VerifyingKey::parse(text).map_err(|error| Failure::Usage(error.to_string()))?
        }
        None => file.ledger_key(&store.name())?.verifying().clone(),
    };
    let against = options.against.as_deref();
    let against = against.map(|path| exported(path, &key)).transpose()?;
    let rows = store.ledger().map_err(Failure::run)?;
    let bar = progress(rows.size().map_err(Failure::run)?, output);
    let report = verify(&rows, &key, against.as_ref(), &mut |read| {
        bar.set_position(read);
    });
    bar.finish_and_clear();
    let report = report.map_err(Failure::run)?;
    output.document(&report);
    tell(&report, output)
}

/// An exported checkpoint, opened with the ledger's key.
fn exported(path: &Path, key: &VerifyingKey) -> Result<TreeHead, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Usage(format!(
            "{} is no checkpoint of this ledger: {error}",
            path.display()
        ))
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let note = SignedNote::parse(&text).map_err(|error| wrong(&error))?;
    note.open(key).cloned().map_err(|error| wrong(&error))
}

fn tell(report: &Report, output: Output) -> Result<(), Failure> {
    let Report {
        entries,
        checkpoints,
        signed,
        ..
    } = report;
    if let Some(finding) = &report.first_bad {
        output.line(format!("NOT WHOLE: {}", finding.text));
        output.line(format!(
            "{entries} entries before it are as they were committed"
        ));
        return Err(Failure::Findings);
    }
    output.line(format!(
        "whole: {entries} entries, {checkpoints} checkpoints, signed up to entry {}",
        signed.saturating_sub(1)
    ));
    let unsigned = entries.saturating_sub(*signed);
    if unsigned > 0 {
        output.line(format!(
            "the last {unsigned} are not signed yet; the running gateway signs once a second"
        ));
    }
    Ok(())
}

fn show(file: &ConfigFile, options: &LedgerShow, output: Output) -> Result<(), Failure> {
    let query = LedgerQuery {
        from: options.from,
        to: options.to,
        recipient: options.recipient.clone(),
        outcome: options.outcome.clone(),
        message: options.message,
        limit: options.limit,
    };
    let page: LedgerPage = ask(file, Request::Ledger(query))?;
    output.document(&page);
    output.line(format!("{} of {} entries", page.entries.len(), page.size));
    show_entries(&page.entries, output);
    Ok(())
}

fn checkpoint(file: &ConfigFile, output: Output) -> Result<(), Failure> {
    let newest: CheckpointNote = ask(file, Request::Checkpoint)?;
    output.document(&newest);
    match &newest.note {
        Some(note) if !output.is_json() => Output::raw(note.as_bytes()),
        Some(_) => {}
        None => output.warning("the ledger is empty, so nothing was signed"),
    }
    Ok(())
}

fn progress(entries: u64, output: Output) -> ProgressBar {
    if !output.draws_progress() {
        return ProgressBar::hidden();
    }
    let style = "{bar:40} {pos}/{len} entries, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar());
    ProgressBar::new(entries).with_style(style)
}
