//! `isthmus flow`: who gets what, from the field of a message to the field of a record, under which
//! terms, and what never leaves; the report itself is made in `isthmus_core::privacy`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use isthmus_core::clock::Clock;
use isthmus_core::id::hexadecimal;
use isthmus_core::privacy::consent::{ConsentRule, Requirement};
use isthmus_core::privacy::flow_report::{
    FieldReport, FlowReport, ReportSources, RowReport, flow_report,
};
use isthmus_core::privacy::flow_terms::FlowShape;
use isthmus_core::privacy::message_row::MessageRow;
use isthmus_fhir::path::syntax::ElementPath;
use isthmus_mappings::library::Library;
use serde::Serialize;

use crate::cli::Flow;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::rules::Rules;
use crate::system::SystemClock;

/// The `--json` document.
#[derive(Debug, Serialize)]
struct Report {
    flows: Vec<FlowJson>,
}

#[derive(Debug, Serialize)]
struct FlowJson {
    recipient: String,
    name: String,
    flow: String,
    version: u32,
    /// Empty for a flow of messages.
    map: String,
    /// Of a flow of messages.
    events: Vec<String>,
    purpose: String,
    basis: String,
    consent: String,
    ends_on: String,
    agreement_ends_on: String,
    policy_hash: String,
    fields: Vec<FieldJson>,
    never_leaves: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FieldJson {
    target: String,
    path: String,
    origins: Vec<String>,
    coarsen: String,
    class: String,
    functions: Vec<String>,
    /// The datatypes that OBX-5 may have, in a flow of messages.
    types: Vec<String>,
    policy: String,
    map: String,
}

/// What a flow may send and what it never sends, by name.
pub(crate) struct FlowNames {
    /// The recipient.
    pub(crate) recipient: String,
    /// The fields of its record, dotted.
    pub(crate) fields: BTreeSet<String>,
    /// What never leaves, summed up.
    pub(crate) never_leaves: String,
}

/// The names of every flow.
pub(crate) fn names(rules: &Rules) -> Result<Vec<FlowNames>, Failure> {
    let reports = reports(rules, None)?;
    let flows = reports.iter().map(json).map(|flow| FlowNames {
        fields: flow.fields.iter().map(|one| one.target.clone()).collect(),
        never_leaves: summed_up(&flow),
        recipient: flow.recipient,
    });
    Ok(flows.collect())
}

/// Shows the report.
pub(crate) fn run(folder: &Path, options: &Flow, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    file.first_start()?;
    let rules = Rules::load(&file, SystemClock.now())?;
    let reports = reports(&rules, options.recipient.as_deref())?;
    let flows: Vec<FlowJson> = reports.iter().map(json).collect();
    for (flow, report) in flows.iter().zip(&reports) {
        show(flow, report, output);
    }
    output.document(&Report { flows });
    Ok(())
}

fn reports(rules: &Rules, recipient: Option<&str>) -> Result<Vec<FlowReport>, Failure> {
    let maps = rules
        .reads
        .iter()
        .map(|(path, reads)| (path.clone(), reads))
        .collect();
    let writable = writable(&rules.library);
    let origins = |element: &ElementPath| origins(&rules.library, element);
    let sources = ReportSources {
        maps: &maps,
        origins: &origins,
        writable: &writable,
    };
    let mut reports = flow_report(&rules.policies, sources);
    if let Some(id) = recipient {
        reports.retain(|report| report.recipient.id.as_str() == id);
        if reports.is_empty() {
            let known = rules.policies.recipients();
            let known: Vec<&str> = known.map(|recipient| recipient.id.as_str()).collect();
            let known = known.join(", ");
            return Err(Failure::Usage(format!(
                "no policy is for the recipient {id}; there are policies for {known}"
            )));
        }
    }
    Ok(reports)
}

/// The elements that the maps of messages can write.
fn writable(library: &Library) -> Vec<ElementPath> {
    let translating = library.maps().iter().filter(|map| !map.events().is_empty());
    let rows = translating.flat_map(|map| &map.trace().lineage);
    let targets: BTreeSet<&str> = rows.map(|row| row.target.as_str()).collect();
    targets
        .into_iter()
        .filter_map(|target| ElementPath::parse(target).ok())
        .collect()
}

/// The fields of HL7 v2 messages that an element, whatever its brackets, is made of.
fn origins(library: &Library, element: &ElementPath) -> Vec<String> {
    let names = |path: &ElementPath| -> Vec<String> {
        let head = path.head.iter().map(|head| head.name.clone());
        head.chain(path.steps.iter().map(|step| step.name.clone()))
            .collect()
    };
    let wanted = names(element);
    let translating = library.maps().iter().filter(|map| !map.events().is_empty());
    let mut fields = BTreeSet::new();
    for row in translating.flat_map(|map| &map.trace().lineage) {
        let target = ElementPath::parse(&row.target);
        if target.is_ok_and(|target| names(&target) == wanted) {
            fields.extend(row.sources.iter().map(|source| source.path.clone()));
        }
    }
    fields.into_iter().collect()
}

fn json(report: &FlowReport) -> FlowJson {
    let terms = &report.terms;
    FlowJson {
        recipient: report.recipient.id.to_string(),
        name: report.recipient.name.clone(),
        flow: terms.id.to_string(),
        version: terms.version,
        map: terms.shape.map().unwrap_or_default().to_owned(),
        events: match &terms.shape {
            FlowShape::Messages { events } => events.clone(),
            FlowShape::Records { .. } => Vec::new(),
        },
        purpose: terms.purpose.code().to_owned(),
        basis: terms.basis.code().to_owned(),
        consent: consent(&terms.consent),
        ends_on: terms.ends_at.day(),
        agreement_ends_on: report.agreement_ends_on.clone(),
        policy_hash: hexadecimal(&report.policy_hash),
        fields: report
            .rows
            .iter()
            .flat_map(fields)
            .chain(report.message_rows.iter().map(message_field))
            .collect(),
        never_leaves: report.never_leaves.clone(),
    }
}

/// What a flow asks of a patient, in words.
fn consent(rule: &ConsentRule) -> String {
    let categories = rule.categories.join(", ");
    match rule.require {
        Requirement::OptIn => format!("opt-in to {categories}"),
        Requirement::None => "none".to_owned(),
    }
}

fn fields(row: &RowReport) -> Vec<FieldJson> {
    let field = |field: &FieldReport| FieldJson {
        target: field.target.clone(),
        path: row.row.path.to_string(),
        origins: row.origins.clone(),
        coarsen: row.row.coarsen.code().to_owned(),
        class: row.row.class.code().to_owned(),
        functions: field.functions.clone(),
        types: Vec::new(),
        policy: row.row.place.to_string(),
        map: field.place.to_string(),
    };
    row.fields.iter().map(field).collect()
}

/// A place of a message goes to the same place of the message that leaves.
fn message_field(row: &MessageRow) -> FieldJson {
    let path = row.path.to_string();
    FieldJson {
        target: path.clone(),
        path: format!("hl7v2:{path}"),
        origins: vec![path],
        coarsen: row.coarsen.code().to_owned(),
        class: row.class.code().to_owned(),
        functions: Vec::new(),
        types: row.types.clone(),
        policy: row.place.to_string(),
        map: String::new(),
    }
}

fn show(flow: &FlowJson, report: &FlowReport, output: Output) {
    output.paragraph(&format!(
        "{} ({}): flow {} version {}, purpose {}, basis {}, consent {}, until {}",
        flow.recipient,
        flow.name,
        flow.flow,
        flow.version,
        flow.purpose,
        flow.basis,
        flow.consent,
        flow.ends_on
    ));
    let rows = flow.fields.iter().map(|field| {
        vec![
            field.target.clone(),
            field.path.clone(),
            short_origins(&field.origins),
            form(field),
        ]
    });
    output.table(&["record field", "element", "from", "form"], rows.collect());
    let deciding = report.rows.iter().filter(|row| row.fields.is_empty());
    let deciding: Vec<String> = deciding.map(|row| row.row.path.to_string()).collect();
    if !deciding.is_empty() {
        output.line("");
        output.paragraph(&format!("allowed, in no field: {}", deciding.join(", ")));
    }
    output.line("");
    output.paragraph(&format!("never leaves: {}", summed_up(flow)));
    output.line("");
}

/// What is done to a value: first what the policy coarsens, then the map's functions.
fn form(field: &FieldJson) -> String {
    let coarsened = Some(&field.coarsen).filter(|coarsen| *coarsen != "none");
    let coarsened = coarsened.map(|coarsen| format!("coarsened to {coarsen}"));
    let functions = field
        .functions
        .iter()
        .map(|function| format!("| {function}"));
    let types = Some(&field.types).filter(|types| !types.is_empty());
    let types = types.map(|types| format!("only {}", types.join(", ")));
    let words: Vec<String> = coarsened
        .into_iter()
        .chain(types)
        .chain(functions)
        .collect();
    words.join(" ")
}

/// The fields that a value may come from. Of a field that gives more than two components only the
/// field is named; the `--json` form lists all.
fn short_origins(origins: &[String]) -> String {
    let field = |origin: &str| {
        origin
            .split(['.', '['])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let mut fields: Vec<(String, Vec<&str>)> = Vec::new();
    for origin in origins {
        let name = field(origin);
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, parts)) => parts.push(origin),
            None => fields.push((name, vec![origin])),
        }
    }
    let words = fields.into_iter().map(|(name, parts)| match parts.len() {
        1 | 2 => parts.join(" "),
        _ => name,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What never leaves, for people: whole resource types by name, of the others the elements right
/// below, and of which of those a part leaves; the `--json` form lists every element.
fn summed_up(flow: &FlowJson) -> String {
    if !flow.events.is_empty() {
        return message_summed_up(&flow.never_leaves);
    }
    let name = |part: &str| part.split('[').next().unwrap_or_default().to_owned();
    let first_two = |path: &str| {
        let mut parts = path.split('.');
        (
            name(parts.next().unwrap_or_default()),
            name(parts.next().unwrap_or_default()),
        )
    };
    let granted: BTreeSet<(String, String)> = flow
        .fields
        .iter()
        .map(|field| first_two(&field.path))
        .collect();
    let is_granted = |resource: &String| granted.iter().any(|(own, _)| own == resource);
    let mut elements: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in &flow.never_leaves {
        let (resource, element) = first_two(path);
        elements.entry(resource).or_default().insert(element);
    }
    let groups = elements.into_iter().map(|(resource, elements)| {
        if is_granted(&resource) {
            let (parts, whole): (Vec<String>, Vec<String>) = elements
                .into_iter()
                .partition(|element| granted.contains(&(resource.clone(), element.clone())));
            let whole = Some(whole).filter(|whole| !whole.is_empty());
            let parts = Some(parts).filter(|parts| !parts.is_empty());
            let parts = parts.map(|parts| format!("the rest of {}", parts.join(", ")));
            let words: Vec<String> = whole.into_iter().flatten().chain(parts).collect();
            format!("of {resource} {}", words.join(", "))
        } else {
            format!("all of {resource}")
        }
    });
    groups.collect::<Vec<_>>().join("; ")
}

/// The same for a flow of messages: whole segments by name, of the others the numbers of fields.
fn message_summed_up(never_leaves: &[String]) -> String {
    let mut whole = Vec::new();
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for place in never_leaves {
        match place.split_once('-') {
            Some((segment, number)) => fields.entry(segment).or_default().push(number),
            None => whole.push(place.as_str()),
        }
    }
    let mut words: Vec<String> = fields
        .into_iter()
        .map(|(segment, numbers)| format!("of {segment} {}", numbers.join(", ")))
        .collect();
    if !whole.is_empty() {
        words.push(format!("all of {}", whole.join(", ")));
    }
    words.join("; ")
}
