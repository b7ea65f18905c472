//! `Flow`, a loaded and proved flow, and the decision to release; how it is loaded is in
//! `policy_set`.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::name_lists::Names;
use crate::privacy::allow_row::AllowRow;
use crate::privacy::circumstances::Circumstances;
use crate::privacy::disclosure::Grant;
use crate::privacy::flow_terms::FlowTerms;
use crate::privacy::granted_record::GrantedRecord;
use crate::privacy::granted_rows::GrantedRows;
use crate::privacy::message_row::MessageRow;
use crate::privacy::recipient::Recipient;
use crate::privacy::release::Release;
use crate::record::Record;

/// What one recipient may see for one purpose. Proved when it was loaded: every path exists, and
/// its map reads nothing beyond its rows.
#[derive(Debug)]
pub struct Flow {
    pub(in crate::privacy) recipient: Arc<Recipient>,
    pub(in crate::privacy) terms: FlowTerms,
    pub(in crate::privacy) granted: GrantedRows,
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

    /// What may leave, row by row, in the order of the policy; none for a flow of messages.
    pub fn rows(&self) -> &[AllowRow] {
        self.granted.elements()
    }

    /// What may leave of messages, row by row; none for a flow of records.
    pub fn message_rows(&self) -> &[MessageRow] {
        self.granted.places()
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
                let content = self.granted.content(record)?;
                Ok(GrantedRecord::new(self.grant(consent_version), content))
            });
        match decided {
            Ok(granted) => Release::Granted(granted),
            Err(reason) => Release::Withheld(reason),
        }
    }

    /// What is withheld of a record of which nothing leaves, for a flow of messages; none for one
    /// of records.
    pub fn withheld_message(&self, record: &Record) -> Option<Names> {
        self.granted.withheld_message(record)
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
