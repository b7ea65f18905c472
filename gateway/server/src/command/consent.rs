//! `isthmus consent`: records and shows what patients allowed; who they are is read in
//! `patient_lines`.

use std::collections::BTreeSet;
use std::path::Path;

use isthmus_core::clock::Clock;
use serde::Serialize;

use crate::admin::answer::{ConsentRow, Recorded};
use crate::admin::client::ask;
use crate::admin::request::Request;
use crate::command::hold::warn_of_what_is_on_its_way;
use crate::config_file::ConfigFile;
use crate::failure::{Failure, counted};
use crate::operator_options::{ConsentSet, ConsentShow};
use crate::output::Output;
use crate::patient_lines::patients;
use crate::rules::Rules;
use crate::system::SystemClock;

/// The document of `consent set`.
#[derive(Debug, Serialize)]
struct Set<'a> {
    patients: usize,
    category: &'a str,
    choice: &'a str,
    nothing_on_its_way: bool,
}

/// Records one choice for every patient of the input; none when a line is wrong.
pub(crate) fn set(folder: &Path, options: &ConsentSet, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    check_category(&file, &options.category, output)?;
    let request = Request::SetConsent {
        patients: patients(&file, &options.patients)?,
        category: options.category.clone(),
        choice: options.choice.clone(),
        evidence: options.evidence.clone(),
    };
    let recorded: Recorded = ask(&file, request)?;
    let (category, choice) = (options.category.as_str(), options.choice.as_str());
    output.line(format!(
        "recorded {choice} on {category} for {}",
        counted(recorded.patients, "patient")
    ));
    warn_of_what_is_on_its_way(recorded.nothing_on_its_way, output);
    output.document(&Set {
        patients: recorded.patients,
        category,
        choice,
        nothing_on_its_way: recorded.nothing_on_its_way,
    });
    Ok(())
}

/// Shows every word of the patients of the input.
pub(crate) fn show(folder: &Path, options: &ConsentShow, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    let patients = patients(&file, &options.patients)?;
    let count = patients.len();
    let shown: Vec<ConsentRow> = ask(&file, Request::ShowConsents { patients })?;
    output.document(&shown);
    output.line(format!(
        "{} of {}",
        counted(shown.len(), "consent"),
        counted(count, "patient")
    ));
    let rows = shown.iter().map(|one| {
        let (patient, version) = (one.patient.to_string(), one.version.to_string());
        let (at, evidence) = (one.recorded_at.clone(), one.evidence.clone());
        let (category, choice) = (one.category.clone(), one.choice.clone());
        vec![patient, category, choice, version, at, evidence]
    });
    let head = [
        "line", "category", "choice", "version", "recorded", "evidence",
    ];
    output.table(&head, rows.collect());
    Ok(())
}

/// Refuses a category that no policy knows: an opt-out on a misspelt one would stop nothing. With
/// policies that do not load it is recorded all the same, for a patient's word cannot wait.
fn check_category(file: &ConfigFile, category: &str, output: Output) -> Result<(), Failure> {
    let Ok(rules) = Rules::load(file, SystemClock.now()) else {
        output.warning(
            "the policies do not load, so the category is not checked; see the command check",
        );
        return Ok(());
    };
    let flows = rules.policies.flows().iter();
    let known: BTreeSet<&str> = flows
        .map(|flow| &flow.terms().consent)
        .flat_map(|rule| rule.categories.iter().chain(&rule.tells))
        .map(String::as_str)
        .collect();
    if known.contains(category) {
        return Ok(());
    }
    let known: Vec<&str> = known.into_iter().collect();
    Err(Failure::Usage(format!(
        "no policy knows the category {category}; known are {}",
        known.join(", ")
    )))
}
