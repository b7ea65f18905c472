//! `isthmus conformance`: what a profile asks, whether messages are as it asks, and the syntax
//! cases; all of it is done in `isthmus_conformance`, and shown here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use isthmus_conformance::profile_folder::read_profile;
use isthmus_conformance::statement::Statement;
use isthmus_conformance::syntax_tree::{self, SyntaxReport};
use isthmus_conformance::validation::{ValidatedMessage, validate};
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use isthmus_hl7v2::profile::Profile;
use serde::Serialize;

use crate::config_file::{self, ConfigFile};
use crate::failure::{Failure, counted};
use crate::input;
use crate::output::Output;
use crate::profiles;

/// The commands on conformance.
#[derive(Debug, Subcommand)]
pub(crate) enum ConformanceCommand {
    /// Print what a profile asks, for the people of the sending system.
    #[command(
        after_help = "Examples:\n  isthmus conformance profile example-ehr\n  isthmus conformance \
                      profile ./north.toml > north.md"
    )]
    Profile {
        /// The profile: its name in the configuration's folder of profiles, or a file.
        profile: String,
    },

    /// Hold the messages of files against a profile; stores and sends nothing.
    #[command(
        after_help = "Example:\n  isthmus conformance validate example-ehr feed.hl7\n\nTells \
                      places and rules, never values. Exit code 1 when a message is not as asked."
    )]
    Validate {
        /// The profile: its name in the configuration's folder of profiles, or a file.
        profile: String,

        /// The files; `-` for standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,

        /// The charset of messages that declare none in MSH-18 (HL7 table 0211).
        #[arg(long, value_name = "NAME", default_value = "UNICODE UTF-8")]
        charset: String,
    },

    /// Run the syntax cases of a folder, and read every message that has no expectation.
    #[command(
        after_help = "Example:\n  isthmus conformance syntax conformance/cases/syntax\n\nA case is \
                      a file of messages with an expectation, NAME.expect, beside it. Exit code 1 \
                      when one is not met."
    )]
    Syntax {
        /// The folder, or one file.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Runs a command; `said` is the configuration's folder as the command line names it.
pub(crate) fn run(
    said: Option<&Path>,
    command: &ConformanceCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        ConformanceCommand::Profile { profile } => {
            let statement = Statement::of(&find(said, profile)?);
            if !output.is_json() {
                Output::raw(statement.markdown(Output::width()).as_bytes());
            }
            output.document(&statement);
            Ok(())
        }
        ConformanceCommand::Validate {
            profile,
            files,
            charset,
        } => {
            let profile = find(said, profile)?;
            validate_files(&profile, files, charset, output)
        }
        ConformanceCommand::Syntax { folder } => syntax(folder, output),
    }
}

/// The profile of a file, or of a name in the configuration's folder.
fn find(said: Option<&Path>, name: &str) -> Result<Profile, Failure> {
    let path = if Path::new(name).is_file() {
        PathBuf::from(name)
    } else {
        let folder = profiles::folder(&ConfigFile::read(&config_file::find(said)?)?);
        folder.join(format!("{name}.toml"))
    };
    let read = read_profile(&path).map_err(|error| {
        let place = path.display();
        Failure::Usage(format!(
            "the profile {name} cannot be read: {place}: {error}"
        ))
    })?;
    read.map_err(Failure::Configuration)
}

/// The `--json` document of `validate`.
#[derive(Debug, Serialize)]
struct Validated<'v> {
    profile: &'v str,
    messages: &'v [ValidatedMessage],
    as_asked: usize,
    not_covered: usize,
    with_warnings: usize,
    with_errors: usize,
}

fn validate_files(
    profile: &Profile,
    files: &[PathBuf],
    charset: &str,
    output: Output,
) -> Result<(), Failure> {
    let Some(default) = Charset::named(charset) else {
        let text = "--charset names no charset of HL7 table 0211, such as UNICODE UTF-8 or 8859/1";
        return Err(Failure::Usage(text.into()));
    };
    let rules = CharsetRules {
        default,
        overriding: None,
        malformed: Malformed::Reject,
    };
    let mut all = Vec::new();
    for file in files {
        let bytes = input::read(file)?;
        let shown = file.display().to_string();
        let messages = validate(profile, &shown, &bytes, &rules);
        if messages.is_empty() {
            return Err(Failure::Usage(format!("{shown} holds no HL7 v2 message")));
        }
        all.extend(messages);
    }
    for message in &all {
        show(message, output);
    }
    let count = |is: fn(&ValidatedMessage) -> bool| all.iter().filter(|one| is(one)).count();
    let validated = Validated {
        profile: &profile.name,
        messages: &all,
        as_asked: count(|one| one.covered && one.findings.is_empty()),
        not_covered: count(|one| !one.covered && one.findings.is_empty()),
        with_warnings: count(|one| one.errors == 0 && !one.findings.is_empty()),
        with_errors: count(|one| one.errors > 0),
    };
    output.document(&validated);
    output.line(format!(
        "{}: {} as asked, {} with warnings, {} with errors, {} of events that the profile does \
         not cover",
        counted(all.len(), "message"),
        validated.as_asked,
        validated.with_warnings,
        validated.with_errors,
        validated.not_covered
    ));
    if validated.with_errors > 0 {
        return Err(Failure::Findings);
    }
    Ok(())
}

fn show(message: &ValidatedMessage, output: Output) {
    if message.findings.is_empty() {
        return;
    }
    output.line(format!("{} message {}", message.file, message.message));
    for finding in &message.findings {
        output.line(format!(
            "  {} {} {}: {}",
            finding.severity, finding.code, finding.place, finding.fault
        ));
    }
    if message.beyond > 0 {
        output.line(format!("  and {} more", message.beyond));
    }
}

fn syntax(folder: &Path, output: Output) -> Result<(), Failure> {
    let report = syntax_tree::run(folder)
        .map_err(|error| Failure::Usage(format!("the cases cannot be read: {error}")))?;
    if report.cases.is_empty() && report.files.is_empty() && report.problems.is_empty() {
        let text = format!("{} holds no files of messages", folder.display());
        return Err(Failure::Usage(text));
    }
    show_cases(&report, output);
    show_files(&report, output);
    output.diagnostics(&report.problems);
    output.document(&report);
    if report.failed() > 0 || report.panicked() > 0 {
        return Err(Failure::Findings);
    }
    Ok(())
}

fn show_cases(report: &SyntaxReport, output: Output) {
    for case in report
        .cases
        .iter()
        .filter(|one| !one.differences.is_empty())
    {
        output.line(format!("differs  {}", case.case));
        for difference in &case.differences {
            output.line(format!("           {difference}"));
        }
    }
    if !report.cases.is_empty() {
        let met = report.cases.iter().filter(|one| one.differences.is_empty());
        output.line(format!(
            "{}: {} as expected, {} not",
            counted(report.cases.len(), "case"),
            met.count(),
            report.failed()
        ));
    }
}

fn show_files(report: &SyntaxReport, output: Output) {
    if report.files.is_empty() {
        return;
    }
    let mut rows = Vec::new();
    for file in &report.files {
        for refused in &file.refused {
            rows.push(vec![
                file.file.clone(),
                refused.message.to_string(),
                format!("{} at {}", refused.code, refused.place),
                refused.reason.clone(),
            ]);
        }
        for number in &file.panicked {
            let failed = "the grammar failed on it".to_owned();
            rows.push(vec![
                file.file.clone(),
                number.to_string(),
                "207".to_owned(),
                failed,
            ]);
        }
        for finding in &file.envelope {
            rows.push(vec![
                file.file.clone(),
                String::new(),
                "envelope".to_owned(),
                finding.clone(),
            ]);
        }
    }
    output.table(&["file", "message", "answer", "why"], rows);
    show_summary(report, output);
}

/// How many messages of each folder were read, refused and failed.
fn show_summary(report: &SyntaxReport, output: Output) {
    let mut folders: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    let mut all = [0; 5];
    for file in &report.files {
        let folder = file.file.split_once('/').map_or(".", |(folder, _)| folder);
        let counts = [
            1,
            file.messages,
            file.accepted,
            file.refused.len(),
            file.panicked.len(),
        ];
        for sums in [folders.entry(folder).or_default(), &mut all] {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum = sum.saturating_add(count);
            }
        }
    }
    let row = |name: &str, counts: [usize; 5]| {
        let counts = counts.iter().map(ToString::to_string);
        std::iter::once(name.to_owned()).chain(counts).collect()
    };
    let mut rows: Vec<Vec<String>> = folders
        .iter()
        .map(|(name, counts)| row(name, *counts))
        .collect();
    rows.push(row("all", all));
    let head = ["folder", "files", "messages", "read", "refused", "failed"];
    output.table(&head, rows);
    if report.passed_over > 0 {
        let passed_over = counted(report.passed_over, "file");
        output.line(format!("\n{passed_over} without messages passed over"));
    }
}
