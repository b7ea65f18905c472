//! `PolicySet`, all policies that are in force, loaded and proved together. Reading the files from
//! disk is the caller's business; single files are read in `policy_file`.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest;
use isthmus_fhir::spelling::nearest;

use crate::clock::Timestamp;
use crate::consent_store::ConsentStore;
use crate::diagnostic::Diagnostic;
use crate::id::{FlowId, RecipientId, SubjectKey};
use crate::privacy::agreement::{self, Agreement, AgreementKind};
use crate::privacy::codes;
use crate::privacy::disclosure::Grant;
use crate::privacy::flow::Flow;
use crate::privacy::policy_file::{self, ReadFlow, ReadPolicy};
use crate::privacy::policy_text::{Complaints, Word, did_you_mean};
use crate::privacy::projection::Projection;
use crate::privacy::read_proof;
use crate::privacy::recipient::{ReadRecipient, Recipient};
use crate::privacy::release;
use crate::read_set::ReadSet;
use crate::source_file::SourceFile;

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

/// All policies that are in force.
#[derive(Debug, Default)]
pub struct PolicySet {
    recipients: Vec<Arc<Recipient>>,
    flows: Vec<Flow>,
    warnings: Vec<Diagnostic>,
}

impl PolicySet {
    /// Loads and proves policies as of `now`.
    ///
    /// # Errors
    /// Everything that is wrong, warnings included, ordered by file and place. One error anywhere
    /// and nothing is in force.
    pub fn load(sources: &PolicySources<'_>, now: Timestamp) -> Result<Self, Vec<Diagnostic>> {
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

    /// The recipients, by id.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().map(AsRef::as_ref)
    }

    /// The recipient with this id.
    pub fn recipient(&self, id: &RecipientId) -> Option<&Recipient> {
        self.recipients().find(|recipient| recipient.id == *id)
    }

    /// The flows, by recipient and then in the order of the policy.
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// The flow with this id.
    pub fn flow(&self, id: &FlowId) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.terms.id == *id)
    }

    /// What loads but should be looked at.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Whether what was released under `grant` may still be sent, to be asked right before the
    /// bytes leave, at every attempt.
    ///
    /// # Errors
    /// A code of [`release`](crate::privacy::release).
    pub fn still_permits(
        &self,
        grant: &Grant,
        subject: &SubjectKey,
        consents: &dyn ConsentStore,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        let flow = self.flow(&grant.flow).ok_or(release::POLICY_CHANGED)?;
        flow.still_permits(grant, subject, consents, now)
    }
}

#[derive(Default)]
struct Loading {
    agreements: Vec<Agreement>,
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
            let agreement_ends_at = self.agreement(&read, sources, now, complaints);
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
            let rows: Vec<_> = rows.into_iter().map(|read| read.row).collect();
            self.flows.push(Flow {
                recipient: Arc::clone(recipient),
                terms: read.terms.terms,
                projection: Projection::of(&rows),
                rows,
                agreement_ends_at: *agreement_ends_at,
                policy_hash,
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

    /// When the recipient's agreement ends, or a complaint that there is none that counts.
    fn agreement(
        &self,
        read: &ReadRecipient,
        sources: &PolicySources<'_>,
        now: Timestamp,
        complaints: &mut Complaints<'_>,
    ) -> Option<Timestamp> {
        let (id, party) = (&read.agreement.value, &read.recipient.id);
        let file = sources
            .agreements
            .map_or("agreements.toml, which is missing", SourceFile::path);
        let known = self.agreements.iter().find(|agreement| agreement.id == *id);
        let (code, message, help) = match known {
            None => {
                let ids = self
                    .agreements
                    .iter()
                    .map(|agreement| agreement.id.as_str());
                let message = format!("there is no agreement `{id}` in {file}");
                (
                    codes::NO_AGREEMENT,
                    message,
                    did_you_mean(&nearest(id, ids)),
                )
            }
            Some(agreement) if agreement.party != *party => {
                let message = format!("the agreement `{id}` is with `{}`", agreement.party);
                let help = format!("name an agreement whose party is \"{party}\"");
                (codes::NO_AGREEMENT, message, Some(help))
            }
            Some(agreement) if agreement.kind == AgreementKind::DataUse => {
                let message = format!("the agreement `{id}` is a DUA, for a limited data set");
                let help = "identified data needs a BAA".to_owned();
                (codes::AGREEMENT_KIND, message, Some(help))
            }
            Some(agreement) if agreement.ends_at <= now => {
                let message = format!(
                    "the agreement `{id}` expired on {}",
                    agreement.ends_at.day()
                );
                let help = format!("renew it and set its new date in {file}");
                (codes::AGREEMENT_EXPIRED, message, Some(help))
            }
            Some(agreement) => return Some(agreement.ends_at),
        };
        let help = help.unwrap_or_else(|| "sign one, and add it to that file".to_owned());
        complaints.error_with_help(read.agreement.span, code, message, help);
        None
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
        Ok(PolicySet {
            recipients: self.recipients,
            flows: self.flows,
            warnings: self.diagnostics,
        })
    }
}

/// Holds a flow against its map.
fn prove(read: &ReadFlow, sources: &PolicySources<'_>, complaints: &mut Complaints<'_>) {
    let map = &read.terms.map;
    let Some(reads) = sources.maps.get(&map.value) else {
        let names = sources.maps.keys().map(String::as_str);
        let help = did_you_mean(&nearest(&map.value, names));
        let help = help.unwrap_or_else(|| {
            "a map is named by its path without the suffix, such as fhir-to-records/contact"
                .to_owned()
        });
        let message = format!("there is no map `{}`", map.value);
        complaints.error_with_help(map.span, codes::NO_MAP, message, help);
        return;
    };
    if let Some(rows) = &read.rows {
        let rows: Vec<_> = rows.iter().map(|read| read.row.clone()).collect();
        read_proof::check(&read.terms, &rows, reads, complaints);
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
