//! `InForce`, what a running gateway works by and a reload replaces; reading it anew is done in
//! `reload`.

use std::sync::Arc;

use isthmus_adapters::runner::{Means, Runner};
use isthmus_core::current::Current;
use isthmus_core::id::SenderId;
use isthmus_ingress::terms::Terms;
use isthmus_pipeline::rules_in_force::RulesInForce;
use rustls::ServerConfig;

use crate::config_file::ConfigFile;
use crate::rules::Rules;

/// What a reload replaces.
pub(crate) struct InForce {
    /// Maps and policies.
    pub(crate) rules: Arc<Current<RulesInForce>>,
    /// Who may send what.
    pub(crate) terms: Arc<Current<Terms>>,
    /// The senders' ids.
    pub(crate) senders: Arc<Current<Vec<SenderId>>>,
    /// What each listener speaks TLS by, in the configuration's order.
    pub(crate) tls: Vec<Option<Arc<Current<ServerConfig>>>>,
    /// The destinations.
    pub(crate) runners: Vec<Arc<Runner>>,
}

/// Everything that was read anew, ready to be put in force.
pub(crate) struct Renewed {
    pub(crate) file: ConfigFile,
    pub(crate) rules: Rules,
    pub(crate) terms: Terms,
    pub(crate) tls: Vec<Option<ServerConfig>>,
    pub(crate) means: Vec<(Arc<Runner>, Means)>,
}

/// What messages and deliveries are decided by, of rules that were loaded.
pub(crate) fn deciding(rules: &Rules) -> RulesInForce {
    RulesInForce {
        translator: Arc::clone(&rules.translator) as _,
        shapers: rules.shapers.clone(),
        policies: Arc::clone(&rules.policies),
    }
}

/// The ids of the senders of a configuration.
pub(crate) fn senders(file: &ConfigFile) -> Vec<SenderId> {
    let senders = file.config.senders.iter();
    senders.map(|one| one.get_ref().id.clone()).collect()
}

impl InForce {
    /// Replaces all. The rules come first: they are what decides about patients. Between the first
    /// and the last of these a message may be let in by the old terms and translated by the
    /// new rules, as one that waits in the journal is; no stage mixes two versions.
    pub(crate) fn replace(&self, renewed: Renewed) -> ConfigFile {
        self.rules.replace(deciding(&renewed.rules));
        self.terms.replace(renewed.terms);
        self.senders.replace(senders(&renewed.file));
        for (current, tls) in self.tls.iter().zip(renewed.tls) {
            if let (Some(current), Some(tls)) = (current, tls) {
                current.replace(tls);
            }
        }
        for (runner, means) in renewed.means {
            runner.replace(means);
        }
        renewed.file
    }
}
