//! `FlowTerms`, under which terms a flow releases: the `[[flow]]` tables without their rows. Rows
//! are in `allow_row`, what is asked of a patient in `consent`.

use crate::clock::Timestamp;
use crate::id::FlowId;
use crate::privacy::agreement::start_of;
use crate::privacy::basis::Basis;
use crate::privacy::closed_list::closed_list;
use crate::privacy::codes;
use crate::privacy::consent::{self, ConsentRule};
use crate::privacy::policy_text::{Complaints, Keys, Placed, PolicyTable, Word};
use crate::privacy::purpose::Purpose;
use crate::privacy::recipient::Side;
use crate::privacy::suggestion::did_you_mean;
use isthmus_fhir::spelling::nearest;

closed_list! {
    /// Whom a flow is about.
    Audience {
        /// Patients.
        Patient = "patient",
        /// Health care professionals.
        Professional = "hcp",
    }
}

closed_list! {
    /// How far those it is about can be told.
    Mode {
        /// By name, as far as the rows grant it.
        Identified = "identified",
    }
    not enforced "pseudonymous" "limited" "safe-harbor"
}

/// The keys of `[[flow]]`.
pub(in crate::privacy) const KEYS: Keys = Keys {
    table: "[[flow]]",
    accepted: &[
        "id",
        "version",
        "map",
        "form",
        "events",
        "purpose",
        "basis",
        "audience",
        "mode",
        "accountable",
        "urgent",
        "expires",
        "consent",
        "allow",
    ],
    not_enforced: &["labels", "limits"],
};

/// Resource types about professionals themselves.
const PROFESSIONAL: [&str; 2] = ["Practitioner", "PractitionerRole"];

/// Resource types that a flow about professionals may grant beside them.
const NEUTRAL: [&str; 4] = ["Organization", "Location", "HealthcareService", "Endpoint"];

impl Audience {
    /// Whether a flow about them may grant elements of this resource type.
    pub(in crate::privacy) fn admits(self, resource_type: &str) -> bool {
        let professional = PROFESSIONAL.contains(&resource_type);
        match self {
            Self::Patient => !professional,
            Self::Professional => professional || NEUTRAL.contains(&resource_type),
        }
    }
}

closed_list! {
    /// The form of what a flow sends when no map makes it.
    Form {
        /// HL7 v2 messages, rebuilt of the places that the rows grant.
        Message = "hl7v2",
    }
}

/// How what a flow sends comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowShape {
    /// A map shapes records, named by its path without the suffix.
    Records {
        /// The map.
        map: String,
    },
    /// Messages are rebuilt of what the rows grant.
    Messages {
        /// Of these events, as `ADT^A01`.
        events: Vec<String>,
    },
}

impl FlowShape {
    /// The map, if there is one.
    pub fn map(&self) -> Option<&str> {
        match self {
            Self::Records { map } => Some(map),
            Self::Messages { .. } => None,
        }
    }
}

/// The terms of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowTerms {
    /// Its id, unlike every other flow's of the same set.
    pub id: FlowId,
    /// Its version.
    pub version: u32,
    /// How what it sends comes about.
    pub shape: FlowShape,
    /// The purpose of use; exact.
    pub purpose: Purpose,
    /// Why it is lawful.
    pub basis: Basis,
    /// Whom it is about.
    pub audience: Audience,
    /// How far they can be told.
    pub mode: Mode,
    /// Whether its disclosures stand in the accounting given to patients (45 CFR 164.528).
    pub accountable: bool,
    /// Whether its records go before those of other flows to the same recipient: opt-outs and
    /// erasures. The order of one patient's records holds all the same.
    pub urgent: bool,
    /// The first instant at which nothing leaves by it: its `expires` day at 00:00 UTC.
    pub ends_at: Timestamp,
    /// What is asked of a patient's consents.
    pub consent: ConsentRule,
}

/// Terms with the places that later complaints point at.
#[derive(Debug)]
pub(in crate::privacy) struct ReadTerms {
    pub(in crate::privacy) terms: FlowTerms,
    pub(in crate::privacy) id: Word,
    /// The map, for a flow of records.
    pub(in crate::privacy) map: Option<Word>,
    /// The events, for a flow of messages.
    pub(in crate::privacy) events: Vec<Word>,
}

/// Reads the terms of one `[[flow]]` table.
pub(in crate::privacy) fn read(
    table: &PolicyTable<'_>,
    side: Option<Side>,
    now: Timestamp,
    complaints: &mut Complaints<'_>,
) -> Option<ReadTerms> {
    let id = table.required_id(complaints);
    let version = table.required_count("version", complaints);
    let source = source(table, complaints);
    let purpose = required_purpose(table, complaints);
    let basis = table.required_listed::<Basis>("basis", complaints);
    let audience = table.required_listed::<Audience>("audience", complaints);
    let mode = table.required_listed::<Mode>("mode", complaints);
    let accountable = table.flag("accountable", complaints);
    let urgent = table.flag("urgent", complaints);
    let ends_at = ends_at(table, now, complaints);
    check_purpose(purpose.as_ref(), basis.as_ref(), side, complaints);
    let basis = basis.map(|basis| basis.value);
    let consent = table.table(consent::KEYS, "consent", complaints);
    if !table.has("consent") {
        table.missing("consent", complaints);
    }
    let consent = consent.and_then(|table| consent::read(&table, basis, complaints));
    let (id, source) = (id?, source?);
    let shape = match &source.map {
        Some(map) => FlowShape::Records {
            map: map.value.clone(),
        },
        None => FlowShape::Messages {
            events: source.events.iter().map(|one| one.value.clone()).collect(),
        },
    };
    let terms = FlowTerms {
        id: FlowId::new(&id.value),
        version: version?,
        shape,
        purpose: purpose?.value,
        basis: basis?,
        audience: audience?.value,
        mode: mode?.value,
        accountable,
        urgent,
        ends_at: ends_at?,
        consent: consent?,
    };
    Some(ReadTerms {
        terms,
        id,
        map: source.map,
        events: source.events,
    })
}

/// Whether a `[[flow]]` table is one of messages, right or wrong.
pub(in crate::privacy) fn is_of_messages(table: &PolicyTable<'_>) -> bool {
    table.has("form")
}

/// Where what a flow sends comes from: a map, or the messages of some events.
struct Source {
    map: Option<Word>,
    events: Vec<Word>,
}

fn source(table: &PolicyTable<'_>, complaints: &mut Complaints<'_>) -> Option<Source> {
    if !is_of_messages(table) {
        if table.has("events") {
            let message = "`events` belongs to a flow of messages";
            let help = "add `form = \"hl7v2\"`, or leave `events` out: a map is for all events";
            complaints.error_with_help(table.span, codes::FORM, message, help);
            return None;
        }
        let map = Some(table.required_text("map", complaints)?);
        let events = Vec::new();
        return Some(Source { map, events });
    }
    table.listed::<Form>("form", complaints)?;
    if table.has("map") {
        let message = "a flow with `form = \"hl7v2\"` has no map: the message itself is rebuilt";
        complaints.error_with_help(table.span, codes::FORM, message, "keep one of the two");
        return None;
    }
    if !table.has("events") {
        table.missing("events", complaints);
    }
    let events = table.texts("events", complaints)?;
    Some(Source { map: None, events })
}

fn required_purpose(
    table: &PolicyTable<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<Placed<Purpose>> {
    let word = table.required_text("purpose", complaints)?;
    let purpose = Purpose::of(&word.value);
    if purpose.is_none() {
        let help = did_you_mean(&nearest(&word.value, Purpose::codes()))
            .unwrap_or_else(|| "a code below PurposeOfUse, such as TREAT or HMARKT".to_owned());
        let message = format!("`{}` is no purpose of use", word.value);
        complaints.error_with_help(word.span, codes::NOT_LISTED, message, help);
    }
    purpose.map(|purpose| word.with(purpose))
}

fn ends_at(
    table: &PolicyTable<'_>,
    now: Timestamp,
    complaints: &mut Complaints<'_>,
) -> Option<Timestamp> {
    let expires = table.required_day("expires", complaints)?;
    let ends_at = start_of(expires.value);
    if ends_at <= now {
        let message = format!("the flow expired on {}", expires.value);
        let help = "review the flow, then set a later day";
        complaints.error_with_help(expires.span, codes::FLOW_EXPIRED, message, help);
    }
    Some(ends_at)
}

fn check_purpose(
    purpose: Option<&Placed<Purpose>>,
    basis: Option<&Placed<Basis>>,
    side: Option<Side>,
    complaints: &mut Complaints<'_>,
) {
    let Some(purpose) = purpose else {
        return;
    };
    let code = purpose.value.code();
    if let Some(basis) = basis
        && !basis.value.allows(purpose.value)
    {
        let message = format!("the basis {} does not allow {code}", basis.value.code());
        let help = if purpose.value == Purpose::MARKETING {
            "HMARKT needs hipaa-authorization, authorization, gdpr-consent or mhmda-share"
                .to_owned()
        } else {
            let allowed = basis.value.purposes().join(", ");
            format!("it allows {allowed} and the purposes below them")
        };
        complaints.error_with_help(basis.span, codes::BASIS_PURPOSE, message, help);
    }
    if purpose.value == Purpose::MARKETING && side == Some(Side::Medical) {
        let message = "marketing cannot go to a recipient on the medical side";
        complaints.error(purpose.span, codes::WALL, message);
    }
}
