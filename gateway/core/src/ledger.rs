//! What the ledger keeps of every decision and attempt, and the form it is kept in; the tree over
//! it, its checkpoints and its verification are in `isthmus-ledger`, the rows in the store.
//!
//! An entry is one line of JSON. What it says of rules is open; what it says of a patient is sealed
//! under the patient's ledger key, so that destroying the key leaves the tree whole. The leaf of an
//! entry is the SHA-256 of a zero byte and the line (RFC 6962, section 2.1).

use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use isthmus_fhir::element::Element;
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;

use crate::clock::Timestamp;
use crate::id::{DeliveryId, FlowId, RecipientId, Sequence, SubjectKey, hexadecimal};
use crate::key_ring::{KeyError, KeyId, SealingKey};
use crate::privacy::disclosure::Grant;

/// The hash of one entry in the tree.
pub type LeafHash = [u8; 32];

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerEvent {
    /// The gate was asked about a record and a flow, at release or again before sending.
    Decision,
    /// A record was handed to its recipient, or that was tried.
    Attempt,
    /// A person ruled on something parked.
    Ruling,
}

impl LedgerEvent {
    /// The word in the entry.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Attempt => "attempt",
            Self::Ruling => "ruling",
        }
    }
}

/// Under which rule, as far as one is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerTerms {
    /// The recipient.
    pub recipient: RecipientId,
    /// The flow.
    pub flow: FlowId,
    /// The flow's version.
    pub flow_version: u32,
    /// Purpose of use.
    pub purpose: String,
    /// SHA-256 over the policy.
    pub policy_hash: [u8; 32],
    /// The version of the consent; None when none was needed or given.
    pub consent_version: Option<u64>,
}

impl From<&Grant> for LedgerTerms {
    fn from(grant: &Grant) -> Self {
        Self {
            recipient: grant.recipient.clone(),
            flow: grant.flow.clone(),
            flow_version: grant.flow_version,
            purpose: grant.purpose.clone(),
            policy_hash: grant.policy_hash,
            consent_version: grant.consent_version,
        }
    }
}

/// What an entry says of a patient; sealed in the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSubject {
    /// The patient.
    pub subject: SubjectKey,
    /// The message, by its place in the journal.
    pub message: Sequence,
    /// The delivery, when it is about one.
    pub delivery: Option<DeliveryId>,
    /// The fields of the record that were released, by name.
    pub released: Arc<[String]>,
    /// What the message had and the recipient does not get: element paths, or resource types of
    /// which it gets nothing.
    pub withheld: Arc<[String]>,
    /// SHA-256 over the record as it is delivered.
    pub digest: Option<[u8; 32]>,
}

/// One thing that happened, before it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerFact {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: LedgerEvent,
    /// How it ended: `released`, `withheld`, `parked`, `delivered`, `not-taken`,
    /// `refused`, `unknown`; `retry` or `drop` for a ruling.
    pub outcome: String,
    /// The reason code.
    pub reason: Option<String>,
    /// Which attempt, for an attempt.
    pub attempt: Option<u32>,
    /// Who ruled and why, for a ruling.
    pub ruling: Option<Ruling>,
    /// Under which rule.
    pub terms: Option<LedgerTerms>,
    /// About whom.
    pub subject: Option<LedgerSubject>,
}

/// A person's word on something parked. Both texts are written by the operator, who is told not
/// to name patients in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The operator, as the system knows them.
    pub by: String,
    /// Why.
    pub why: String,
}

/// An entry as it is committed: everything but its place, which only the committer knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The line behind `{"entry":N`.
    rest: Box<str>,
}

impl LedgerEntry {
    /// Seals what is about a patient with their ledger key and writes the entry.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn seal(fact: &LedgerFact, key: &SealingKey) -> Result<Self, KeyError> {
        let mut rest = open_part(fact);
        if let Some(subject) = &fact.subject {
            let sealed = key.seal(CONTEXT, subject.to_json().as_bytes())?;
            number(&mut rest, "key", key.id().0);
            text(&mut rest, "subject", &BASE64.encode(&sealed));
        }
        rest.push('}');
        Ok(Self { rest: rest.into() })
    }

    /// Writes the entry without what is about a patient.
    pub fn without_subject(fact: &LedgerFact) -> Self {
        let mut rest = open_part(fact);
        rest.push('}');
        Self { rest: rest.into() }
    }

    /// The entry at its place, counted from 0.
    pub fn at(&self, place: u64) -> String {
        format!("{{\"entry\":{place}{}", self.rest)
    }

    /// About how many bytes it takes.
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Never: an entry says something.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// What an entry says of rules and of what happened.
fn open_part(fact: &LedgerFact) -> String {
    let mut rest = String::with_capacity(640);
    text(&mut rest, "at", &fact.at.to_string());
    text(&mut rest, "event", fact.event.code());
    text(&mut rest, "outcome", &fact.outcome);
    if let Some(reason) = &fact.reason {
        text(&mut rest, "reason", reason);
    }
    if let Some(attempt) = fact.attempt {
        number(&mut rest, "attempt", attempt.into());
    }
    if let Some(ruling) = &fact.ruling {
        text(&mut rest, "by", &ruling.by);
        text(&mut rest, "why", &ruling.why);
    }
    if let Some(terms) = &fact.terms {
        text(&mut rest, "recipient", terms.recipient.as_str());
        text(&mut rest, "flow", terms.flow.as_str());
        number(&mut rest, "flow_version", terms.flow_version.into());
        text(&mut rest, "purpose", &terms.purpose);
        text(&mut rest, "policy", &hexadecimal(&terms.policy_hash));
        if let Some(version) = terms.consent_version {
            number(&mut rest, "consent_version", version);
        }
    }
    rest
}

/// What the sealed part is bound to.
const CONTEXT: &[u8] = b"isthmus ledger 1";

/// The hash of an entry's line in the tree (RFC 6962, section 2.1).
pub fn leaf_hash(line: &str) -> LeafHash {
    let mut input = Vec::with_capacity(line.len() + 1);
    input.push(0);
    input.extend_from_slice(line.as_bytes());
    sha256(&input)
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *to = *from;
    }
    hash
}

/// What an entry's line says, read back.
#[derive(Debug, Clone)]
pub struct ReadEntry(Element);

impl ReadEntry {
    /// Reads a line; None when it is no entry.
    pub fn parse(line: &str) -> Option<Self> {
        let element = read(line.as_bytes(), Limits::default()).ok()?;
        element.get("entry")?.as_number()?;
        Some(Self(element))
    }

    /// The place that it says it has.
    pub fn place(&self) -> Option<u64> {
        self.number("entry")
    }

    /// A text: `at`, `event`, `outcome`, `reason`, `by`, `why`, `recipient`, `flow`, `purpose`,
    /// `policy`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A number: `entry`, `attempt`, `flow_version`, `consent_version`, `key`.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_number()?.as_str().parse().ok()
    }

    /// The key that opens the patient's part; None when there is none.
    pub fn key(&self) -> Option<KeyId> {
        self.number("key").map(KeyId)
    }

    /// The patient's part.
    ///
    /// # Errors
    /// When the key does not open it, or what it opens is no such part.
    pub fn subject(&self, key: &SealingKey) -> Result<LedgerSubject, KeyError> {
        let sealed = self.text("subject");
        let sealed = sealed.and_then(|text| BASE64.decode(text.as_bytes()).ok());
        let plain = key.open(CONTEXT, &sealed.ok_or(KeyError::Mismatch)?)?;
        let element = read(&plain, Limits::default()).map_err(|_syntax| KeyError::Mismatch)?;
        LedgerSubject::from_json(&element).ok_or(KeyError::Mismatch)
    }
}

impl LedgerSubject {
    fn to_json(&self) -> String {
        let mut json = String::with_capacity(256);
        text(&mut json, "subject", &self.subject.to_string());
        number(&mut json, "message", self.message.0);
        if let Some(delivery) = self.delivery {
            text(&mut json, "delivery", &delivery.to_string());
        }
        if let Some(digest) = &self.digest {
            text(&mut json, "sha256", &hexadecimal(digest));
        }
        list(&mut json, "released", &self.released);
        list(&mut json, "withheld", &self.withheld);
        json.replace_range(..1, "{");
        json.push('}');
        json
    }

    fn from_json(element: &Element) -> Option<Self> {
        let text = |name| element.get(name).and_then(Element::as_str);
        let list = |name| -> Arc<[String]> {
            let list = element.get(name).map(Element::as_list).unwrap_or_default();
            list.iter()
                .filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        };
        Some(Self {
            subject: SubjectKey::parse(text("subject")?)?,
            message: Sequence(element.get("message")?.as_number()?.as_str().parse().ok()?),
            delivery: text("delivery").and_then(DeliveryId::parse),
            released: list("released"),
            withheld: list("withheld"),
            digest: text("sha256")
                .and_then(from_hexadecimal)
                .and_then(|bytes| bytes.try_into().ok()),
        })
    }
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    HEXLOWER.decode(text.as_bytes()).ok()
}

/// `,"name":"value"`.
fn text(json: &mut String, name: &str, value: &str) {
    json.push_str(",\"");
    json.push_str(name);
    json.push_str("\":");
    quoted(json, value);
}

fn number(json: &mut String, name: &str, value: u64) {
    // Writing to a text does not fail.
    let _infallible = write!(json, ",\"{name}\":{value}");
}

fn list(json: &mut String, name: &str, values: &[String]) {
    json.push_str(",\"");
    json.push_str(name);
    json.push_str("\":[");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        quoted(json, value);
    }
    json.push(']');
}

fn quoted(json: &mut String, value: &str) {
    json.push('"');
    if value.bytes().all(is_plain) {
        json.push_str(value);
        json.push('"');
        return;
    }
    for character in value.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            control if control.is_control() => {
                let _infallible = write!(json, "\\u{:04x}", u32::from(control));
            }
            other => json.push(other),
        }
    }
    json.push('"');
}

/// Whether a byte stands in JSON text as it is; names and codes are of such bytes alone.
const fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\' && byte < 0x7f
}
