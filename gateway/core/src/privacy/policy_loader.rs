//! Loads policies and proves them together: agreements, ids over all files, maps. Reading the files
//! from disk is the caller's business; single files are read in `policy_file`.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest;

use crate::clock::Timestamp;
use crate::diagnostic::Diagnostic;
use crate::privacy::agreement::{self, Agreements};
use crate::privacy::codes;
use crate::privacy::flow::Flow;
use crate::privacy::granted_rows::GrantedRows;
use crate::privacy::message_proof;
use crate::privacy::policy_file::{self, ReadFlow, ReadPolicy, ReadRows};
use crate::privacy::policy_set::PolicySet;
use crate::privacy::policy_text::{Complaints, Word};
use crate::privacy::read_proof::{self, MapFlow};
use crate::privacy::recipient::Recipient;
use crate::read_set::ReadSet;
use crate::source_file::SourceFile;

/// The kind of record that is an HL7 v2 message.
const MESSAGE: &str = "message";

/// What a set is loaded from.
#[derive(Debug, Clone, Copy)]
pub struct PolicySources<'s> {
    /// The policy files, one a recipient, each named `<recipient id>.toml`.
    pub policies: &'s [SourceFile],
    /// The agreements file; without one no flow loads.
    pub agreements: Option<&'s SourceFile>,
    /// What each map reads, by the map's path without the suffix.
    pub maps: &'s BTreeMap<String, &'s ReadSet>,
}

/// Loads and proves policies as of `now`.
///
/// # Errors
/// Everything that is wrong, warnings included, ordered by file and place. One error anywhere
/// and nothing is in force.
pub fn load(sources: &PolicySources<'_>, now: Timestamp) -> Result<PolicySet, Vec<Diagnostic>> {
    let mut loading = Loading::default();
    if let Some(file) = sources.agreements {
        (loading.agreements, loading.diagnostics) = agreement::read(file);
    }
    for file in sources.policies {
        let mut complaints = Complaints::new(file);
        if let Some(policy) = policy_file::read(now, &mut complaints) {
            loading.add(policy, sources, now, &mut complaints);
        }
        loading.diagnostics.append(&mut complaints.list);
    }
    loading.finish()
}

#[derive(Default)]
struct Loading {
    agreements: Agreements,
    recipients: Vec<Arc<Recipient>>,
    flows: Vec<Flow>,
    /// The ids in use and where they stand.
    ids: BTreeMap<String, String>,
    diagnostics: Vec<Diagnostic>,
}

impl Loading {
    fn add(
        &mut self,
        policy: ReadPolicy,
        sources: &PolicySources<'_>,
        now: Timestamp,
        complaints: &mut Complaints<'_>,
    ) {
        let mut receiving = None;
        if let Some(read) = policy.recipient {
            self.claim("recipient", &read.id, complaints);
            let agreement_ends_at = self.agreements.ends_at(&read, now, complaints);
            let recipient = Arc::new(read.recipient);
            self.recipients.push(Arc::clone(&recipient));
            receiving = agreement_ends_at.map(|ends_at| (recipient, ends_at));
        }
        let policy_hash = sha256(complaints.file.text());
        for read in policy.flows {
            self.claim("flow", &read.terms.id, complaints);
            prove(&read, sources, complaints);
            let (Some((recipient, agreement_ends_at)), Some(rows)) = (&receiving, read.rows) else {
                continue;
            };
            let map = read.terms.terms.shape.map();
            let reads = map.and_then(|map| sources.maps.get(map));
            let record = reads.map_or_else(|| MESSAGE.to_owned(), |reads| reads.record.clone());
            self.flows.push(Flow {
                recipient: Arc::clone(recipient),
                granted: GrantedRows::of(rows, &read.terms.terms.shape),
                terms: read.terms.terms,
                agreement_ends_at: *agreement_ends_at,
                policy_hash,
                record,
            });
        }
    }

    /// Takes an id, or complains that it is in use.
    fn claim(&mut self, what: &str, id: &Word, complaints: &mut Complaints<'_>) {
        let place = complaints.file.line_span(id.span);
        let here = format!("{}:{}:{}", complaints.file.path(), place.line, place.column);
        let Some(there) = self.ids.insert(format!("{what} {}", id.value), here) else {
            return;
        };
        let message = format!("the {what} id `{}` is used twice", id.value);
        let diagnostic = Diagnostic::error(complaints.file, id.span, codes::DUPLICATE_ID, message)
            .with_note(format!("it is used at {there}"));
        complaints.list.push(diagnostic);
    }

    fn finish(mut self) -> Result<PolicySet, Vec<Diagnostic>> {
        self.diagnostics
            .sort_by(|one, other| one.order().cmp(&other.order()));
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(self.diagnostics);
        }
        self.recipients.sort_by(|one, other| one.id.cmp(&other.id));
        self.flows
            .sort_by(|one, other| one.recipient.id.cmp(&other.recipient.id));
        Ok(PolicySet::new(
            self.recipients,
            self.flows,
            self.diagnostics,
        ))
    }
}

/// Holds a flow against its map, or against the structures of its events.
fn prove(read: &ReadFlow, sources: &PolicySources<'_>, complaints: &mut Complaints<'_>) {
    let (elements, places) = match &read.rows {
        Some(ReadRows::Elements(rows)) => (Some(rows.as_slice()), None),
        Some(ReadRows::Places(rows)) => (None, Some(rows.as_slice())),
        None => (None, None),
    };
    match &read.terms.map {
        Some(map) => {
            let terms = &read.terms.terms;
            read_proof::prove(MapFlow { terms, map }, elements, sources.maps, complaints);
        }
        None => message_proof::prove(&read.terms, places, complaints),
    }
}

fn sha256(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    hash
}
