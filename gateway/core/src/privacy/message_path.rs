//! Whether the path of an allow row into an HL7 v2 message may be granted at all: it exists, its
//! brackets are those of policies, and it names a field. What is granted there is in `message_row`.

use isthmus_fhir::spelling::nearest;
use isthmus_hl7v2::path::{ComponentPath, FieldStep, Hl7Path, Key, KeyValue, Selector};
use isthmus_hl7v2::resolve::{PathProblem, ResolvedField};
use isthmus_hl7v2::segment_name::SegmentName;

use crate::privacy::codes;
use crate::privacy::message_extent::newest_first;
use crate::privacy::message_grant::{PlaceKey, Repetitions};
use crate::privacy::policy_text::{Complaints, Word};
use crate::privacy::suggestion::did_you_mean;

/// What the paths of such rows begin with.
pub(in crate::privacy) const SCHEME: &str = "hl7v2:";

/// Segments that are of a message's way or of an answer, so the route writes them or nobody does.
const NEVER_GRANTED: [&str; 8] = ["MSH", "FHS", "FTS", "BHS", "BTS", "MSA", "ERR", "DSC"];

/// A datatype that another field decides.
const VARIES: &str = "varies";

/// A path that exists.
#[derive(Debug)]
pub(in crate::privacy) struct ResolvedPlace {
    pub(in crate::privacy) path: Hl7Path,
    pub(in crate::privacy) groups: Vec<String>,
    pub(in crate::privacy) segment_keys: Vec<PlaceKey>,
    pub(in crate::privacy) field: u16,
    pub(in crate::privacy) which: Repetitions,
    /// At the end of the path; none for a withdrawn element and in local segments.
    pub(in crate::privacy) datatype: Option<&'static str>,
    /// Of the field.
    pub(in crate::privacy) field_datatype: Option<&'static str>,
    /// Whether it is OBX-5.
    pub(in crate::privacy) is_observation_value: bool,
}

impl ResolvedPlace {
    /// Whether the value is a date. TS has components in some versions, of which the first is one.
    pub(in crate::privacy) fn is_date(&self) -> bool {
        matches!(self.datatype, Some("DT" | "DTM" | "TS"))
    }
}

/// Whether a version has a datatype of this name.
pub(in crate::privacy) fn is_datatype(name: &str) -> bool {
    newest_first().any(|version| {
        let fields = version.segments().iter().flat_map(|one| &one.fields);
        let mut used = fields.filter_map(|field| field.datatype);
        version.datatype(name).is_some() || used.any(|used| used == name)
    })
}

/// The path resolved, with brackets that policies take.
pub(in crate::privacy) fn resolve(
    word: &Word,
    complaints: &mut Complaints<'_>,
) -> Option<ResolvedPlace> {
    let path = parse(word, complaints)?;
    let name = path.segment.name;
    let Some(field) = path.field.clone() else {
        let message = format!("`{name}` is a whole segment; an allow row names a field or less");
        let help = format!("name each field with a row of its own, such as hl7v2:{name}-1");
        complaints.error_with_help(word.span, codes::NOT_A_LEAF, message, help);
        return None;
    };
    check_segment(&path, word, complaints)?;
    let groups = groups(&path, word, complaints)?;
    let found = known(&path, word, complaints)?;
    let whole_field = Hl7Path {
        component: None,
        ..path.clone()
    };
    let field_datatype = known(&whole_field, word, complaints)?.datatype;
    let is_observation_value = name.as_str() == "OBX" && field.number == 5;
    if is_observation_value && path.component.is_some() {
        let message = "the parts of OBX-5 are those of the datatype that OBX-2 names";
        let help = "grant hl7v2:OBX-5 with `types`";
        complaints.error_with_help(word.span, codes::NOT_A_LEAF, message, help);
        return None;
    }
    if found.datatype == Some(VARIES) && !is_observation_value {
        let message = format!("what `{path}` holds is decided by another field");
        complaints.error_with_help(word.span, codes::VALUE_TYPES, message, "leave the row out");
        return None;
    }
    Some(ResolvedPlace {
        groups,
        segment_keys: segment_keys(&path, word, complaints)?,
        field: field.number,
        which: repetitions(&field, &path, word, complaints)?,
        datatype: found.datatype,
        field_datatype,
        is_observation_value,
        path,
    })
}

fn parse(word: &Word, complaints: &mut Complaints<'_>) -> Option<Hl7Path> {
    let Some(text) = word.value.strip_prefix(SCHEME) else {
        let message = "a flow with `form = \"hl7v2\"` takes places of HL7 v2 messages";
        let help = "write the path as hl7v2:PID-5.1";
        complaints.error_with_help(word.span, codes::PATH_FORM, message, help);
        return None;
    };
    match Hl7Path::parse(text) {
        Ok(path) => Some(path),
        Err(error) => {
            let (start, end) = (error.span.start, error.span.end.max(error.span.start + 1));
            let at = word.part(complaints.file, start + SCHEME.len(), end + SCHEME.len());
            complaints.error(at, codes::PATH_FORM, error.message);
            None
        }
    }
}

fn check_segment(path: &Hl7Path, word: &Word, complaints: &mut Complaints<'_>) -> Option<()> {
    let name = path.segment.name;
    if NEVER_GRANTED.contains(&name.as_str()) {
        let message = format!("`{name}` can never be granted: it is written for each route anew");
        complaints.error_with_help(
            word.span,
            codes::NEVER_GRANTED,
            message,
            "leave the row out",
        );
        return None;
    }
    if name.as_str() == "NTE" && path.groups.is_empty() {
        let message = "notes stand behind many segments, and which ones are meant is not said";
        let help = "name the group, such as hl7v2:OBSERVATION/NTE-3 for the notes of results";
        complaints.error_with_help(word.span, codes::NEVER_GRANTED, message, help);
        return None;
    }
    Some(())
}

fn segment_keys(
    path: &Hl7Path,
    word: &Word,
    complaints: &mut Complaints<'_>,
) -> Option<Vec<PlaceKey>> {
    match &path.segment.selector {
        None => Some(Vec::new()),
        Some(Selector::Keys(keys)) => place_keys(keys, path, None, word, complaints),
        Some(Selector::Each | Selector::Index(_) | Selector::From(_)) => {
            let message = "a policy chooses segments by what they hold";
            let help = "write no bracket, or keys such as OBX[3.1=\"8302-2\"]-5";
            complaints.error_with_help(word.span, codes::SELECTOR, message, help);
            None
        }
    }
}

fn repetitions(
    field: &FieldStep,
    path: &Hl7Path,
    word: &Word,
    complaints: &mut Complaints<'_>,
) -> Option<Repetitions> {
    match &field.selector {
        None => Some(Repetitions::All),
        Some(Selector::Index(0)) => Some(Repetitions::First),
        Some(Selector::Keys(keys)) => {
            let number = Some(field.number);
            let keys = place_keys(keys, path, number, word, complaints)?;
            Some(Repetitions::Keyed(keys))
        }
        Some(Selector::Each | Selector::Index(_) | Selector::From(_)) => {
            let message = "a policy does not take this bracket";
            let help = "write no bracket, [0] or keys such as PID-3[5=\"MR\"]";
            complaints.error_with_help(word.span, codes::SELECTOR, message, help);
            None
        }
    }
}

fn groups(path: &Hl7Path, word: &Word, complaints: &mut Complaints<'_>) -> Option<Vec<String>> {
    if path.groups.iter().any(|group| group.selector.is_some()) {
        let message = "a policy names groups without brackets";
        complaints.error(word.span, codes::SELECTOR, message);
        return None;
    }
    Some(path.groups.iter().map(|group| group.name.clone()).collect())
}

/// What the newest version that has the path says of it. Of local segments nobody says anything.
fn known(path: &Hl7Path, word: &Word, complaints: &mut Complaints<'_>) -> Option<ResolvedField> {
    if path.segment.name.is_local() {
        return Some(ResolvedField {
            name: None,
            datatype: None,
            repeats: true,
            cardinality: None,
            table: None,
        });
    }
    let mut first = None;
    for version in newest_first() {
        match version.resolve(path) {
            Ok(found) => return Some(found),
            Err(problem) => first = first.or(Some(problem)),
        }
    }
    let help = match &first {
        Some(PathProblem::Segment {
            segment,
            candidates,
            ..
        }) => {
            let names = candidates.iter().map(SegmentName::as_str);
            did_you_mean(&nearest(segment.as_str(), names))
        }
        Some(PathProblem::Field { .. } | PathProblem::Component { .. }) | None => None,
    };
    let message = first.map_or_else(String::new, |problem| problem.to_string());
    match help {
        Some(help) => {
            complaints.error_with_help(word.span, codes::PATH_UNKNOWN, message, help);
        }
        None => complaints.error(word.span, codes::PATH_UNKNOWN, message),
    }
    None
}

/// The keys of a bracket, each of which must exist: below the segment, or below a field of it.
fn place_keys(
    keys: &[Key],
    path: &Hl7Path,
    field: Option<u16>,
    word: &Word,
    complaints: &mut Complaints<'_>,
) -> Option<Vec<PlaceKey>> {
    let mut all = Vec::new();
    for key in keys {
        let text = match &key.value {
            KeyValue::Text(text) | KeyValue::Code(text) => text.clone(),
            KeyValue::Constant(name) => {
                let message = format!("a policy has no constants such as ${name}");
                complaints.error(word.span, codes::SELECTOR, message);
                return None;
            }
        };
        if field.is_some() && key.place.len() > 2 {
            let message = "a key of a field names a component and a subcomponent at most";
            let help = "write it as PID-3[4.2=\"...\"]";
            complaints.error_with_help(word.span, codes::SELECTOR, message, help);
            return None;
        }
        let mut numbers = field.into_iter().chain(key.place.iter().copied());
        let number = numbers.next()?;
        let component = numbers.next().map(|component| {
            let subcomponent = numbers.next();
            ComponentPath {
                component,
                subcomponent,
            }
        });
        let to_key = Hl7Path {
            field: Some(FieldStep {
                number,
                selector: None,
            }),
            component,
            ..path.clone()
        };
        known(&to_key, word, complaints)?;
        let place = key.place.clone();
        all.push(PlaceKey { place, text });
    }
    Some(all)
}
