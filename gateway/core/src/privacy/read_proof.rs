//! The proof of minimum necessary (45 CFR 164.502(b)): everything that a map reads lies within what
//! its flow allows. How the reads of a map are found is the row language's business.

use std::collections::{BTreeMap, BTreeSet};

use isthmus_fhir::path::resolve::ResolvedPath;
use isthmus_fhir::path::syntax::ElementPath;
use isthmus_fhir::spelling::nearest;

use crate::diagnostic::Diagnostic;
use crate::privacy::allow_row::{AllowRow, ReadRow};
use crate::privacy::coarsening::Coarsening;
use crate::privacy::codes;
use crate::privacy::flow_terms::FlowTerms;
use crate::privacy::policy_text::{Complaints, Word};
use crate::privacy::suggestion::did_you_mean;
use crate::read_set::{Read, ReadSet};

/// At most this many rows are named as what is allowed.
const NAMED_MAX: usize = 4;

/// A flow and the map that it names.
#[derive(Debug, Clone, Copy)]
pub(in crate::privacy) struct MapFlow<'f> {
    pub(in crate::privacy) terms: &'f FlowTerms,
    pub(in crate::privacy) map: &'f Word,
}

/// Holds a flow against its map: complains when there is no such map, of every read that the rows
/// do not allow, at the map's place, and warns of every row that the map does not need. Without
/// rows nothing is said of reads.
pub(in crate::privacy) fn prove(
    flow: MapFlow<'_>,
    rows: Option<&[ReadRow]>,
    maps: &BTreeMap<String, &ReadSet>,
    complaints: &mut Complaints<'_>,
) {
    let Some(map) = maps.get(&flow.map.value) else {
        let names = maps.keys().map(String::as_str);
        let help = did_you_mean(&nearest(&flow.map.value, names));
        let help = help.unwrap_or_else(|| {
            "a map is named by its path without the suffix, such as fhir-to-records/contact"
                .to_owned()
        });
        let message = format!("there is no map `{}`", flow.map.value);
        complaints.error_with_help(flow.map.span, codes::NO_MAP, message, help);
        return;
    };
    if let Some(read) = rows {
        let rows: Vec<AllowRow> = read.iter().map(|read| read.row.clone()).collect();
        check_reads(flow, &rows, map, complaints);
        check_consents(flow, map, complaints);
        warn_of_idle_rows(flow, read, map, complaints);
    }
}

fn check_reads(
    flow: MapFlow<'_>,
    rows: &[AllowRow],
    map: &ReadSet,
    complaints: &mut Complaints<'_>,
) {
    let mut told = BTreeSet::new();
    for read in &map.reads {
        if !is_allowed(read, rows) && told.insert((&read.place, read.path.to_string())) {
            let refused = not_allowed(flow, rows, read, complaints);
            complaints.list.push(refused);
        }
    }
}

fn warn_of_idle_rows(
    flow: MapFlow<'_>,
    rows: &[ReadRow],
    map: &ReadSet,
    complaints: &mut Complaints<'_>,
) {
    for read in rows.iter().filter(|read| !is_read(&read.row, map)) {
        let (id, map) = (&flow.terms.id, &flow.map.value);
        let message = format!(
            "flow {id} allows `{}`, which its map {map} never reads",
            read.row.path
        );
        let (file, span) = (complaints.file, read.path.span);
        let warning = Diagnostic::error(file, span, codes::NEVER_READ, message)
            .as_warning()
            .with_help("leave the row out");
        complaints.list.push(warning);
    }
}

fn not_allowed(
    flow: MapFlow<'_>,
    rows: &[AllowRow],
    read: &Read,
    complaints: &Complaints<'_>,
) -> Diagnostic {
    let (id, version) = (&flow.terms.id, flow.terms.version);
    let condition = if read.control { " (condition)" } else { "" };
    let message = format!(
        "reads `{}`{condition}, not allowed by flow {id} {version}",
        read.path
    );
    let place = complaints.file.line_span(flow.map.span);
    let note = format!(
        "the flow names this map at {}:{}:{}",
        complaints.file.path(),
        place.line,
        place.column
    );
    Diagnostic::error_at(&read.place, codes::NOT_ALLOWED, message)
        .with_help(allowed_near(&read.path, rows))
        .with_note(note)
}

/// The rows that share most with a path, as a help.
fn allowed_near(path: &ElementPath, rows: &[AllowRow]) -> String {
    let shared = |row: &AllowRow| {
        let steps = row.path.steps.iter().zip(&path.steps);
        steps
            .take_while(|(own, other)| own.name == other.name)
            .count()
    };
    let mut near: Vec<&AllowRow> = rows
        .iter()
        .filter(|row| row.path.head == path.head)
        .collect();
    near.sort_by_key(|row| std::cmp::Reverse(shared(row)));
    let near: Vec<String> = near.into_iter().take(NAMED_MAX).map(shown).collect();
    if near.is_empty() {
        let head = path.head.as_ref().map_or("this type", |head| &head.name);
        return format!("nothing of {head} is allowed here");
    }
    format!("allowed here: {}", near.join(", "))
}

fn shown(row: &AllowRow) -> String {
    if row.coarsen == Coarsening::None {
        return row.path.to_string();
    }
    format!("{} ({})", row.path, row.coarsen.code())
}

/// Whether the rows allow a read: a row grants all that it selects; or it selects by a value that
/// a row's key fixes, which the projection writes out as a constant; or it only asks whether
/// something is there, of which rows grant a part.
fn is_allowed(read: &Read, rows: &[AllowRow]) -> bool {
    let leaves = || {
        rows.iter()
            .flat_map(AllowRow::leaves)
            .map(ResolvedPath::path)
    };
    leaves().any(|leaf| leaf.covers_exactly(&read.path))
        || leaves().any(|leaf| is_fixed(leaf, &read.path))
        || read.control && leaves().any(|leaf| asks_for(leaf, &read.path))
}

/// Whether the path reads what one of the row's keys fixes.
fn is_fixed(leaf: &ElementPath, read: &ElementPath) -> bool {
    let same_names = |key: &ElementPath| {
        let names = key.steps.iter().map(|step| &step.name);
        key.head == read.head && names.eq(read.steps.iter().map(|step| &step.name))
    };
    leaf.key_reads().iter().any(same_names)
}

/// Whether the path ends above the granted value, at repetitions of which it is a part.
fn asks_for(leaf: &ElementPath, read: &ElementPath) -> bool {
    let steps = leaf.steps.iter().take(read.steps.len()).cloned().collect();
    let above = ElementPath {
        head: leaf.head.clone(),
        steps,
    };
    read.steps.len() < leaf.steps.len()
        && (above.covers_exactly(read) || read.covers_exactly(&above))
}

fn is_read(row: &AllowRow, map: &ReadSet) -> bool {
    let mut leaves = row.leaves().iter().map(ResolvedPath::path);
    leaves.any(|leaf| map.reads.iter().any(|read| leaf.covers_exactly(&read.path)))
}

fn check_consents(flow: MapFlow<'_>, map: &ReadSet, complaints: &mut Complaints<'_>) {
    let rule = &flow.terms.consent;
    let known: Vec<&String> = rule.depends_on().collect();
    for category in map
        .consents
        .iter()
        .filter(|category| !known.contains(category))
    {
        let (id, map) = (&flow.terms.id, &flow.map.value);
        let message =
            format!("the map {map} tells the consent `{category}`, which flow {id} does not name");
        let near = did_you_mean(&nearest(category, known.iter().map(|known| known.as_str())));
        let help = near.unwrap_or_else(|| {
            "add it to `tells` in [flow.consent], or take it out of the map".to_owned()
        });
        complaints.error_with_help(flow.map.span, codes::CONSENT_READ, message, help);
    }
}
