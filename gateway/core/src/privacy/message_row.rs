//! `MessageRow`, one place of an HL7 v2 message that a flow may send on: the `[[flow.allow]]`
//! tables of flows with `form = "hl7v2"`. Whether a path may be granted is checked in
//! `message_path`.

use isthmus_hl7v2::path::Hl7Path;

use crate::privacy::coarsening::{self, Coarsening};
use crate::privacy::codes;
use crate::privacy::data_class::DataClass;
use crate::privacy::message_extent::{Extent, ValueKind};
use crate::privacy::message_grant::{MessageGrant, Part};
use crate::privacy::message_path::{self, ResolvedPlace};
use crate::privacy::policy_text::{Complaints, Keys, Placed, PolicyTable, Word};
use crate::read_set::Place;
use crate::span::Span;

/// Subcomponents that are taken of a component that the standard does not know.
const PARTS_MAX: usize = 99;

/// The keys of `[[flow.allow]]` in such a flow.
pub(in crate::privacy) const KEYS: Keys = Keys {
    table: "[[flow.allow]]",
    accepted: &["path", "class", "coarsen", "types"],
    not_enforced: &["labels", "table", "as", "systems"],
};

/// One row of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// The place, without the scheme `hl7v2:`.
    pub path: Hl7Path,
    /// The kind of data.
    pub class: DataClass,
    /// What is done to the value.
    pub coarsen: Coarsening,
    /// The datatypes that OBX-2 may name, for OBX-5 alone.
    pub types: Vec<String>,
    /// Where the row stands in its policy.
    pub place: Place,
    pub(in crate::privacy) grants: Vec<MessageGrant>,
}

/// A row with the places that later complaints point at.
#[derive(Debug)]
pub(in crate::privacy) struct ReadMessageRow {
    pub(in crate::privacy) row: MessageRow,
    pub(in crate::privacy) path: Word,
    pub(in crate::privacy) class: Span,
}

/// Reads one `[[flow.allow]]` table.
pub(in crate::privacy) fn read(
    table: &PolicyTable<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<ReadMessageRow> {
    let class = table.required_listed::<DataClass>("class", complaints);
    let coarsen = coarsening::stated(table, complaints);
    let types = table.texts("types", complaints);
    let word = table.required_text("path", complaints)?;
    let resolved = message_path::resolve(&word, complaints)?;
    let types = types_fit(&resolved, table.has("types"), types, &word, complaints)?;
    let coarsen = coarsen?;
    let parts = parts(&resolved, &types, &coarsen, complaints)?;
    let place = complaints.file.line_span(word.span);
    let class = class?;
    let grant = |(part, coarsen)| MessageGrant {
        groups: resolved.groups.clone(),
        segment: resolved.path.segment.name,
        keys: resolved.segment_keys.clone(),
        field: resolved.field,
        which: resolved.which.clone(),
        part,
        coarsen,
    };
    let grants: Vec<MessageGrant> = parts.into_iter().map(grant).collect();
    let undone = grants.iter().any(|grant| {
        let mut fixed = grant.fixed_places();
        fixed.any(|(field, component)| grant.restricts(field, component))
    });
    let fixes_observation = resolved.path.segment.name.as_str() == "OBX"
        && grants
            .iter()
            .any(|grant| grant.fixed_places().any(|(field, _)| field == 5));
    if undone || fixes_observation {
        let message = "the key writes out what the row does not let out as it is";
        let help = "leave the key out, or choose by another place";
        complaints.error_with_help(word.span, codes::OVERLAP, message, help);
        return None;
    }
    let row = MessageRow {
        grants,
        path: resolved.path.clone(),
        class: class.value,
        coarsen: coarsen.value,
        types,
        place: Place {
            file: complaints.file.path().to_owned(),
            line: place.line,
            column: place.column,
        },
    };
    let class = class.span;
    Some(ReadMessageRow {
        row,
        path: word,
        class,
    })
}

/// The datatypes that OBX-5 may have: named exactly where another field decides what a value is.
fn types_fit(
    resolved: &ResolvedPlace,
    named: bool,
    types: Option<Vec<Word>>,
    path: &Word,
    complaints: &mut Complaints<'_>,
) -> Option<Vec<String>> {
    if resolved.is_observation_value && !named {
        let message = "OBX-2 decides what OBX-5 holds: a number, a code, or any text or document";
        let help = "name the datatypes that may leave: types = [\"NM\", \"SN\", \"CE\", \"CWE\"]";
        complaints.error_with_help(path.span, codes::VALUE_TYPES, message, help);
        return None;
    }
    if !resolved.is_observation_value && named {
        let message = "only OBX-5 has its datatype from another field";
        complaints.error_with_help(path.span, codes::VALUE_TYPES, message, "leave `types` out");
        return None;
    }
    let types = types.unwrap_or_default();
    let unknown = types
        .iter()
        .find(|word| !message_path::is_datatype(&word.value));
    if let Some(word) = unknown {
        let message = format!("`{}` is no datatype of HL7 v2", word.value);
        let help = "write it as in OBX-2, such as NM or CWE";
        complaints.error_with_help(word.span, codes::VALUE_TYPES, message, help);
        return None;
    }
    Some(types.into_iter().map(|word| word.value).collect())
}

/// What the row grants of a repetition, and what is done to it.
fn parts(
    resolved: &ResolvedPlace,
    types: &[String],
    coarsen: &Placed<Coarsening>,
    complaints: &mut Complaints<'_>,
) -> Option<Vec<(Part, Coarsening)>> {
    let datatype = resolved.datatype;
    let component = resolved.path.component;
    let is_address = matches!(datatype, Some("XAD" | "AD")) && component.is_none();
    let is_postal = matches!(resolved.field_datatype, Some("XAD" | "AD"))
        && component.is_some_and(|one| one.component == 5);
    let fits = match coarsen.value {
        Coarsening::None => true,
        Coarsening::Year | Coarsening::Month => resolved.is_date(),
        Coarsening::Zip3 => is_postal,
        Coarsening::State => is_address,
    };
    if !fits {
        let shown = datatype.unwrap_or("value of an unknown datatype");
        let message = format!(
            "`{}` does not fit `{}`, which is a {shown}",
            coarsen.value.code(),
            resolved.path
        );
        let help = "year and month take a DT, DTM or TS, zip3 component 5 of an XAD or AD, state a \
                    whole XAD or AD";
        complaints.error_with_help(coarsen.span, codes::COARSEN, message, help);
        return None;
    }
    let text = |number| Part::Component(number, vec![ValueKind::Text]);
    Some(match (coarsen.value, component) {
        // State or province, and country.
        (Coarsening::State, _) => [4, 6].map(|at| (text(at), Coarsening::None)).to_vec(),
        (coarsen, None) => vec![(whole(resolved, types), coarsen)],
        (coarsen, Some(at)) => {
            let part = match (at.subcomponent, datatype) {
                (Some(below), _) => {
                    Part::Subcomponent(at.component, below, ValueKind::of(datatype))
                }
                (None, None) if resolved.path.segment.name.is_local() => {
                    Part::Component(at.component, vec![ValueKind::Text; PARTS_MAX])
                }
                (None, _) => Part::Component(at.component, Extent::subcomponents(datatype)),
            };
            vec![(part, coarsen)]
        }
    })
}

fn whole(resolved: &ResolvedPlace, types: &[String]) -> Part {
    if resolved.is_observation_value {
        let extent = |name: &String| (name.clone(), Extent::of(name));
        return Part::ByType(types.iter().map(extent).collect());
    }
    match resolved.datatype {
        Some(datatype) => Part::Whole(Extent::of(datatype)),
        None if resolved.path.segment.name.is_local() => Part::Everything,
        // Withdrawn by the standard: a single value.
        None => Part::Whole(Extent::of("ST")),
    }
}
