//! Reads a profile from its file: TOML, proved against the dictionary as it is read, with every
//! complaint at its place. The rows are read in `profile_rows`, the folder in `profile_folder`.

use std::collections::BTreeSet;

use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::source_file::SourceFile;
use isthmus_hl7v2::dictionary::{Version, version, versions};
use isthmus_hl7v2::path::ComponentPath;
use isthmus_hl7v2::profile::{FieldRule, MessageProfile, Profile};

use crate::profile_codes::{CONTRADICTION, MISSING_KEY, NOT_THERE};
use crate::profile_rows::{FIELD, GROUP, Ground, SEGMENT};
use crate::profile_structures::{Structures, event_pattern, structure};
use crate::profile_table::{Complaints, Keys, ProfileTable, parse};

const FILE: Keys = Keys {
    table: "a profile",
    accepted: &["title", "version", "message"],
};

const MESSAGE: Keys = Keys {
    table: "[[message]]",
    accepted: &[
        "events",
        "structure",
        "sequence",
        "datatypes",
        "group",
        "segment",
        "field",
    ],
};

/// Rows in one part, at most.
const ROWS_MAX: usize = 2_000;

/// Reads a profile of this name.
///
/// # Errors
/// Every complaint about the file.
pub fn read(name: &str, file: &SourceFile) -> Result<Profile, Vec<Diagnostic>> {
    let mut complaints = Complaints::new(file);
    let profile = read_file(name, file, &mut complaints);
    match profile {
        Some(profile) if complaints.list.is_empty() => Ok(profile),
        _ => Err(complaints.list),
    }
}

fn read_file(name: &str, file: &SourceFile, complaints: &mut Complaints<'_>) -> Option<Profile> {
    let root = parse(file, complaints)?;
    let root = ProfileTable::new(&root, FILE, complaints);
    let title = root.required_text("title", complaints);
    let stated = root.required_text("version", complaints);
    let messages = root.tables(MESSAGE, "message", complaints);
    let version = stated.and_then(|word| {
        let found = version(&word.value);
        if found.is_none() {
            let message = format!("the dictionary has no version {}", word.value);
            let known = versions().iter().copied();
            complaints.not_known(&word, (NOT_THERE, message), known, "");
        }
        found
    })?;
    if messages.is_empty() && !root.has("message") {
        let message = "the profile asks nothing: it has no [[message]]";
        let help = "add one with `events = [...]` and what is asked of them";
        complaints.error(root.span, MISSING_KEY, message, help);
    }
    let messages = messages.iter();
    let messages = messages.filter_map(|table| read_message(version, table, complaints));
    let messages = messages.collect();
    Some(Profile {
        name: name.to_owned(),
        title: title?.value,
        version,
        messages,
    })
}

fn read_message(
    version: &'static Version,
    table: &ProfileTable<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<MessageProfile> {
    let events = table.required_texts("events", complaints);
    let events = events.unwrap_or_default();
    let events = events
        .iter()
        .filter_map(|word| event_pattern(word, complaints));
    let events: Vec<_> = events.collect();
    let own = match table.text("structure", complaints) {
        Some(word) => Some(structure(version, &word, complaints)?),
        None => None,
    };
    let structures = match own {
        Some(own) => Structures::one(own),
        None => Structures::of(version, &events, complaints),
    };
    if structures.is_empty() {
        return None;
    }
    let patterns = events.into_iter().map(|placed| placed.value).collect();
    let mut part = MessageProfile::new(patterns);
    part.structure = own;
    part.sequence = table.flag("sequence", complaints);
    part.datatypes = table.flag("datatypes", complaints);
    let ground = Ground {
        version,
        structures: &structures,
    };
    let mut seen = BTreeSet::new();
    let mut once = |row: &ProfileTable<'_>, place: String, complaints: &mut Complaints<'_>| {
        if !seen.insert(place.clone()) {
            let message = format!("{place} is ruled twice");
            let help = "write all that is asked of it in one row";
            complaints.error(row.span_of("path"), CONTRADICTION, message, help);
        }
    };
    for row in rows(table, GROUP, "group", complaints) {
        if let Some(rule) = ground.group(&row, complaints) {
            let place = format!("the group {}", slashed(&rule.within, &rule.name));
            once(&row, place, complaints);
            part.groups.push(rule);
        }
    }
    for row in rows(table, SEGMENT, "segment", complaints) {
        if let Some(rule) = ground.segment(&row, complaints) {
            once(&row, slashed(&rule.within, rule.name.as_str()), complaints);
            part.segments.push(rule);
        }
    }
    for row in rows(table, FIELD, "field", complaints) {
        if let Some(rule) = ground.field(&row, complaints) {
            once(&row, field_path(&rule), complaints);
            part.add_field(rule);
        }
    }
    Some(part)
}

fn rows<'t>(
    table: &ProfileTable<'t>,
    keys: Keys,
    key: &str,
    complaints: &mut Complaints<'_>,
) -> Vec<ProfileTable<'t>> {
    let mut rows = table.tables(keys, key, complaints);
    if let Some(beyond) = rows.get(ROWS_MAX) {
        let message = format!("more than {ROWS_MAX} rows");
        let help = "write a profile for each kind of message";
        complaints.error(beyond.span, CONTRADICTION, message, help);
        rows.truncate(ROWS_MAX);
    }
    rows
}

/// A name below its groups, as a path writes it.
pub(crate) fn slashed(within: &[String], name: &str) -> String {
    let groups = within.iter().map(String::as_str);
    groups.chain([name]).collect::<Vec<_>>().join("/")
}

/// The path of a rule, as the file writes it.
pub(crate) fn field_path(rule: &FieldRule) -> String {
    let segment = slashed(&rule.within, rule.segment.as_str());
    let component = rule.component.as_ref().map(ComponentPath::to_string);
    format!("{segment}-{}{}", rule.field, component.unwrap_or_default())
}
