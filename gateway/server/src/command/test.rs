//! `isthmus test`: runs the golden cases beside the maps and tells how many rows they reached; the
//! cases themselves are run in `isthmus_mappings::cases`.

use std::path::Path;

use isthmus_mappings::cases::report::{CaseReport, Outcome};
use isthmus_mappings::cases::runner;
use isthmus_mappings::library::Library;
use serde::Serialize;

use crate::cli::Test;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::rules;

/// The `--json` document.
#[derive(Debug, Serialize)]
struct Report {
    cases: Vec<Case>,
    failed: usize,
    rows: usize,
    row_coverage_percent: usize,
    unfired: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Case {
    name: String,
    outcome: &'static str,
    differences: Vec<String>,
}

/// Runs the cases. Findings: a case that differs, or fewer rows reached than asked for.
pub(crate) fn run(folder: &Path, options: &Test, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    let mappings = file.path(&file.config.mappings);
    let names: Vec<String> = file.config.pseudonym_keys.keys().cloned().collect();
    let library = Library::load(&mappings, Some(&names))
        .map_err(|error| Failure::Usage(error.to_string()))?;
    if library.has_errors() {
        let mut problems = library.diagnostics().to_vec();
        for problem in &mut problems {
            rules::place_in(&mappings, problem);
        }
        return Err(Failure::Configuration(problems));
    }
    let only = only(options.path.as_deref(), &mappings)?;
    let report = runner::run(&library, &mappings, &only, options.update);
    let report = report.map_err(Failure::run)?;
    if report.results.is_empty() {
        return Err(Failure::Usage(format!("no case is below {only}")));
    }
    show(&report, output);
    output.document(&json(&report));
    let asked = usize::from(options.min_rows);
    if report.coverage() < asked {
        output.line(format!("fewer rows reached than asked for ({asked} %)"));
    } else if report.failed() == 0 {
        return Ok(());
    }
    Err(Failure::Findings)
}

/// The map path that cases must begin with: what was named, counted from the mappings folder.
fn only(path: Option<&Path>, mappings: &Path) -> Result<String, Failure> {
    let Some(path) = path else {
        return Ok(String::new());
    };
    let whole = |path: &Path| {
        path.canonicalize()
            .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", path.display())))
    };
    let path = if path.exists() {
        path.to_path_buf()
    } else {
        mappings.join(path)
    };
    let whole_path = whole(&path)?;
    let below = whole_path
        .strip_prefix(whole(mappings)?)
        .map_err(|_elsewhere| {
            let text = format!("{} is not below {}", path.display(), mappings.display());
            Failure::Usage(text)
        })?;
    let text = below.to_string_lossy();
    if text.contains(".tests/") {
        let text = "cases are run together: name the map, its .tests folder or a folder of maps";
        return Err(Failure::Usage(text.into()));
    }
    let text = text
        .strip_suffix(".rmap")
        .or(text.strip_suffix(".tests"))
        .unwrap_or(&text);
    Ok(text.to_owned())
}

fn show(report: &CaseReport, output: Output) {
    for result in &report.results {
        match &result.outcome {
            Outcome::Passed => {}
            Outcome::Updated => output.line(format!("written  {}", result.case)),
            Outcome::Failed(differences) => {
                output.line(format!("differs  {}", result.case));
                for difference in differences {
                    output.line(format!("           {difference}"));
                }
            }
        }
    }
    if !report.unfired.is_empty() {
        let places: Vec<String> = report.unfired.iter().map(ToString::to_string).collect();
        output.line(format!("rows that no case reached: {}", places.join(", ")));
    }
    output.line(format!(
        "{} cases, {} differ; {} of {} rows reached ({} %)",
        report.results.len(),
        report.failed(),
        report.rows.saturating_sub(report.unfired.len()),
        report.rows,
        report.coverage(),
    ));
}

fn json(report: &CaseReport) -> Report {
    let cases = report.results.iter().map(|result| {
        let (outcome, differences) = match &result.outcome {
            Outcome::Passed => ("passed", Vec::new()),
            Outcome::Updated => ("updated", Vec::new()),
            Outcome::Failed(differences) => ("differs", differences.clone()),
        };
        Case {
            name: result.case.clone(),
            outcome,
            differences,
        }
    });
    Report {
        cases: cases.collect(),
        failed: report.failed(),
        rows: report.rows,
        row_coverage_percent: report.coverage(),
        unfired: report.unfired.iter().map(ToString::to_string).collect(),
    }
}
