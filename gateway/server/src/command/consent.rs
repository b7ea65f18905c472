//! `isthmus consent`: records and shows what patients allowed; patients are read from standard
//! input or a file, never from the command line, where others could see them.

use std::collections::BTreeSet;
use std::path::Path;

use isthmus_core::clock::Clock;
use isthmus_core::consent_store::ConsentChoice;
use isthmus_core::phi::Phi;
use isthmus_core::subject::SubjectIdentifier;
use isthmus_ingress::sender::Authorities;
use serde::Serialize;

use crate::cli::{ConsentSet, ConsentShow};
use crate::command::status;
use crate::config_file::ConfigFile;
use crate::failure::{Failure, counted};
use crate::input;
use crate::output::Output;
use crate::rules::Rules;
use crate::system::SystemClock;

/// The document of `consent set`.
#[derive(Debug, Serialize)]
struct Recorded<'a> {
    patients: usize,
    category: &'a str,
    choice: &'a str,
}

/// One consent of `consent show`; `patient` is the line of the input, from 1.
#[derive(Debug, Serialize)]
struct Shown {
    patient: usize,
    category: String,
    choice: &'static str,
    version: u64,
    recorded_at: String,
    evidence: String,
}

/// Records one choice for every patient of the input; none when a line is wrong.
pub(crate) fn set(folder: &Path, options: &ConsentSet, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    let choice = ConsentChoice::parse(&options.choice)
        .ok_or_else(|| Failure::Usage("a choice is opt-in or opt-out".into()))?;
    check_category(&file, &options.category, output)?;
    let patients = patients(&file, &options.patients)?;
    let store = status::open(&file)?;
    let consents = store.consents();
    let now = SystemClock.now();
    for patient in &patients {
        let subject = store.digester().subject(patient);
        consents
            .set_consent(&subject, &options.category, choice, now, &options.evidence)
            .map_err(Failure::run)?;
    }
    let (category, choice) = (options.category.as_str(), choice.code());
    output.line(format!(
        "recorded {choice} on {category} for {}",
        counted(patients.len(), "patient")
    ));
    output.document(&Recorded {
        patients: patients.len(),
        category,
        choice,
    });
    Ok(())
}

/// Shows the newest consents of every patient of the input.
pub(crate) fn show(folder: &Path, options: &ConsentShow, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    let patients = patients(&file, &options.patients)?;
    let store = status::open(&file)?;
    let mut shown = Vec::new();
    for (index, patient) in patients.iter().enumerate() {
        let subject = store.digester().subject(patient);
        let recorded = store.consents().consents(&subject).map_err(Failure::run)?;
        shown.extend(recorded.into_iter().map(|one| Shown {
            patient: index + 1,
            category: one.category,
            choice: one.consent.choice.code(),
            version: one.consent.version,
            recorded_at: one.consent.recorded_at.to_string(),
            evidence: one.evidence.into_revealed(),
        }));
    }
    output.document(&shown);
    output.line(format!(
        "{} of {}",
        counted(shown.len(), "consent"),
        counted(patients.len(), "patient")
    ));
    let rows = shown.iter().map(|one| {
        let choice = one.choice.to_owned();
        let (patient, version) = (one.patient.to_string(), one.version.to_string());
        let (at, evidence) = (one.recorded_at.clone(), one.evidence.clone());
        vec![patient, one.category.clone(), choice, version, at, evidence]
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

/// The authorities that messages may name, or none when a sender may name any.
fn authorities(file: &ConfigFile) -> Option<BTreeSet<&str>> {
    let mut known = BTreeSet::new();
    for sender in file.config.senders.iter().map(toml::Spanned::get_ref) {
        let Authorities::Listed(names) = &sender.authorities else {
            return None;
        };
        known.insert(sender.default_authority.as_str());
        known.extend(names.iter().map(String::as_str));
    }
    Some(known)
}

/// The patients of the input: `AUTHORITY|ID` a line; empty lines are left out.
fn patients(file: &ConfigFile, path: &Path) -> Result<Vec<SubjectIdentifier>, Failure> {
    let bytes = input::read(path)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_invalid| Failure::Usage("the patients are not UTF-8 text".into()))?;
    let known = authorities(file);
    let mut patients = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        // The line may hold a patient's number, so the error tells its place alone.
        let wrong = || Failure::Usage(format!("line {}: not AUTHORITY|ID", index + 1));
        let (authority, value) = line.split_once('|').ok_or_else(wrong)?;
        let (authority, value) = (authority.trim(), value.trim());
        if authority.is_empty() || value.is_empty() {
            return Err(wrong());
        }
        if let Some(known) = known.as_ref().filter(|known| !known.contains(authority)) {
            let known: Vec<&str> = known.iter().copied().collect();
            return Err(Failure::Usage(format!(
                "line {}: no sender may name this authority; known are {}",
                index + 1,
                known.join(", ")
            )));
        }
        let value = Phi::new(value.to_owned());
        patients.push(SubjectIdentifier {
            authority: authority.to_owned(),
            value,
        });
    }
    if patients.is_empty() {
        let text = "no patient was named; write AUTHORITY|ID a line";
        return Err(Failure::Usage(text.into()));
    }
    Ok(patients)
}
