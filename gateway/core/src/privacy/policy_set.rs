//! `PolicySet`, all policies that are in force; how they are loaded and proved is in
//! `policy_loader`.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::id::{FlowId, RecipientId, SubjectKey};
use crate::privacy::circumstances::Circumstances;
use crate::privacy::disclosure::Grant;
use crate::privacy::flow::Flow;
use crate::privacy::recipient::Recipient;
use crate::privacy::release;

/// All policies that are in force.
#[derive(Debug, Default)]
pub struct PolicySet {
    recipients: Vec<Arc<Recipient>>,
    flows: Vec<Flow>,
    warnings: Vec<Diagnostic>,
}

impl PolicySet {
    /// Only for the loader: recipients and flows must be proved.
    pub(in crate::privacy) fn new(
        recipients: Vec<Arc<Recipient>>,
        flows: Vec<Flow>,
        warnings: Vec<Diagnostic>,
    ) -> Self {
        Self {
            recipients,
            flows,
            warnings,
        }
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
    /// A code of [`release`].
    pub fn still_permits(
        &self,
        grant: &Grant,
        subject: &SubjectKey,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), &'static str> {
        let flow = self.flow(&grant.flow).ok_or(release::POLICY_CHANGED)?;
        flow.still_permits(grant, subject, circumstances)
    }
}
