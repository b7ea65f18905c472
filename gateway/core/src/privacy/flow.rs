//! `Flow`, a loaded and proved flow, and the decision to release; how it is loaded is in
//! `policy_set`.

use std::sync::Arc;

use isthmus_fhir::resource::Resource;

use crate::clock::Timestamp;
use crate::privacy::allow_row::AllowRow;
use crate::privacy::circumstances::Circumstances;
use crate::privacy::disclosure::Grant;
use crate::privacy::flow_terms::FlowTerms;
use crate::privacy::granted_record::GrantedRecord;
use crate::privacy::projection::Projection;
use crate::privacy::projector::{has_own_rules, project};
use crate::privacy::recipient::Recipient;
use crate::privacy::release::{self, Release};
use crate::record::Record;

/// What one recipient may see for one purpose. Proved when it was loaded: every path exists, and
/// its map reads nothing beyond its rows.
#[derive(Debug)]
pub struct Flow {
    pub(in crate::privacy) recipient: Arc<Recipient>,
    pub(in crate::privacy) terms: FlowTerms,
    pub(in crate::privacy) rows: Vec<AllowRow>,
    pub(in crate::privacy) projection: Projection,
    pub(in crate::privacy) agreement_ends_at: Timestamp,
    pub(in crate::privacy) policy_hash: [u8; 32],
    pub(in crate::privacy) record: String,
}

impl Flow {
    /// Who receives.
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// Under which terms.
    pub const fn terms(&self) -> &FlowTerms {
        &self.terms
    }

    /// What may leave, row by row, in the order of the policy.
    pub fn rows(&self) -> &[AllowRow] {
        &self.rows
    }

    /// The first instant at which nothing may leave under the recipient's agreement.
    pub const fn agreement_ends_at(&self) -> Timestamp {
        self.agreement_ends_at
    }

    /// The kind of record that its map makes, such as `person`.
    pub fn record(&self) -> &str {
        &self.record
    }

    /// SHA-256 over the bytes of the policy file.
    pub const fn policy_hash(&self) -> &[u8; 32] {
        &self.policy_hash
    }

    /// Whether it is marketing, which goes to nobody whose address is suppressed.
    pub fn asks_suppression(&self) -> bool {
        self.terms.purpose.code() == "HMARKT"
    }

    /// Decides on a record and projects it to what is granted, in one step. Whatever is in doubt
    /// is withheld.
    pub fn release(&self, record: &Record, circumstances: &Circumstances<'_>) -> Release {
        let decided = self
            .permit(&record.subject, circumstances)
            .and_then(|consent_version| {
                let resources = self.project(&record.resources)?;
                Ok(GrantedRecord::new(self.grant(consent_version), resources))
            });
        match decided {
            Ok(granted) => Release::Granted(granted),
            Err(reason) => Release::Withheld(reason),
        }
    }

    fn project(&self, resources: &[Resource]) -> Result<Vec<Resource>, &'static str> {
        let patients = resources
            .iter()
            .filter(|one| one.resource_type() == "Patient");
        if patients.count() > 1 {
            return Err(release::SEVERAL_SUBJECTS);
        }
        let mut granted = Vec::new();
        for resource in resources {
            let Some(tree) = self.projection.of_type(resource.resource_type()) else {
                continue;
            };
            if has_own_rules(resource) {
                return Err(release::IMPLICIT_RULES);
            }
            granted.extend(project(tree, resource));
        }
        if granted.is_empty() {
            return Err(release::NOTHING_GRANTED);
        }
        Ok(granted)
    }

    pub(in crate::privacy) fn grant(&self, consent_version: Option<u64>) -> Grant {
        Grant {
            recipient: self.recipient.id.clone(),
            flow: self.terms.id.clone(),
            flow_version: self.terms.version,
            record: self.record.clone(),
            purpose: self.terms.purpose.code().to_owned(),
            policy_hash: self.policy_hash,
            consent_version,
        }
    }
}
