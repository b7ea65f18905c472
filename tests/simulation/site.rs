//! The site that every run has: three recipients, their policies and maps, and the keys. What is
//! sent through it is in `messages`.

use std::sync::{Arc, OnceLock};

use isthmus_core::clock::Timestamp;
use isthmus_core::id::{FlowId, RecipientId};
use isthmus_core::key_ring::{KeyClass, KeyError, KeyId, KeyOwner, KeyRing, SealingKey};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::shaper::Shaper;
use isthmus_pipeline::rules_in_force::RulesInForce;
use isthmus_tests::invented_policies::load;
use isthmus_tests::one_key::OneKey;

use crate::machine::Machine;
use crate::messages::{Parts, Reader};
use crate::weather::Weather;

/// The category of consent that some flows ask.
pub(crate) const CATEGORY: &str = "mail";

/// The secret of the site's digests.
pub(crate) const SECRET: [u8; 32] = [7; 32];

const AGREEMENTS: &str = r#"
[[agreement]]
id = "BAA-1"
kind = "BAA"
party = "mailer"
expires = "2035-12-31"

[[agreement]]
id = "BAA-2"
kind = "BAA"
party = "crm"
expires = "2035-12-31"

[[agreement]]
id = "BAA-3"
kind = "BAA"
party = "lake"
expires = "2035-12-31"
"#;

const NEWSLETTER: &str = r#"[recipient]
id = "mailer"
name = "Acme Mail"
address = "1 Main St, Springfield"
kind = "marketing-platform"
side = "commercial"
agreement = "BAA-1"
regions = ["US"]
"#;

const CRM: &str = r#"[recipient]
id = "crm"
name = "Acme CRM"
address = "2 Main St, Springfield"
kind = "crm"
side = "care"
agreement = "BAA-2"
regions = ["US"]
"#;

const LAKE: &str = r#"[recipient]
id = "lake"
name = "Acme Lake"
address = "3 Main St, Springfield"
kind = "analytics"
side = "care"
agreement = "BAA-3"
regions = ["US"]
"#;

/// A flow of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlowPlan {
    pub(crate) recipient: &'static str,
    pub(crate) id: &'static str,
    /// Whether nothing leaves without the patient's consent.
    pub(crate) asks: bool,
    /// Whether its records go before those of others.
    pub(crate) urgent: bool,
}

const fn flow(recipient: &'static str, id: &'static str, asks: bool, urgent: bool) -> FlowPlan {
    FlowPlan {
        recipient,
        id,
        asks,
        urgent,
    }
}

/// All flows, in the order of the policies.
pub(crate) const FLOWS: [FlowPlan; 4] = [
    flow("mailer", "newsletter", true, false),
    flow("crm", "contact", false, false),
    flow("lake", "visits", false, false),
    flow("lake", "interests", true, true),
];

/// The recipients; the last takes runs of one patient's, like a file, and the others single
/// records, like webhooks.
pub(crate) const RECIPIENTS: [&str; 3] = ["mailer", "crm", "lake"];

/// Whether a recipient takes runs.
pub(crate) fn takes_runs(recipient: &str) -> bool {
    recipient == "lake"
}

pub(crate) fn recipients() -> impl Iterator<Item = RecipientId> {
    RECIPIENTS.into_iter().map(RecipientId::new)
}

/// The flows that send nothing without a consent.
pub(crate) fn asking_flows() -> Vec<FlowId> {
    let asking = FLOWS.iter().filter(|flow| flow.asks);
    asking.map(|flow| FlowId::new(flow.id)).collect()
}

fn flow_text(plan: &FlowPlan, version: usize) -> String {
    let FlowPlan {
        id, asks, urgent, ..
    } = plan;
    let (purpose, basis) = if *asks {
        ("HMARKT", "hipaa-authorization")
    } else {
        ("HOPERAT", "operations")
    };
    let consent = if *asks {
        "require = \"opt-in\"\ncategory = [\"mail\"]\ncovers = [\"identifier\"]\n\
         max_age_s = 60\non_unknown = \"withhold\""
    } else {
        "require = \"none\""
    };
    format!(
        "\n[[flow]]\nid = \"{id}\"\nversion = {}\nmap = \"fhir-to-records/contact\"\n\
         purpose = \"{purpose}\"\nbasis = \"{basis}\"\naudience = \"patient\"\n\
         mode = \"identified\"\naccountable = true\nurgent = {urgent}\nexpires = \"2035-06-30\"\n\n\
         [flow.consent]\n{consent}\n\n\
         [[flow.allow]]\npath = 'Patient.id'\nclass = \"identifier\"\n",
        version + 1
    )
}

/// The policies of a version, read once for all runs.
pub(crate) fn policies(version: usize) -> Arc<PolicySet> {
    static VERSIONS: [OnceLock<Arc<PolicySet>>; 2] = [OnceLock::new(), OnceLock::new()];
    Arc::clone(VERSIONS[version].get_or_init(|| {
        let texts = [("mailer", NEWSLETTER), ("crm", CRM), ("lake", LAKE)];
        let texts = texts.map(|(recipient, head)| {
            let flows = FLOWS.iter().filter(|flow| flow.recipient == recipient);
            let flows: String = flows.map(|flow| flow_text(flow, version)).collect();
            (recipient, format!("{head}{flows}"))
        });
        let texts = texts.each_ref().map(|(id, text)| (*id, text.as_str()));
        Arc::new(load(&texts, AGREEMENTS).unwrap_or_else(|errors| panic!("{errors:#?}")))
    }))
}

/// The rules of a version.
pub(crate) fn rules(version: usize) -> RulesInForce {
    let shaper: Arc<dyn Shaper> = Arc::new(Parts::default());
    let flows = FLOWS.iter();
    let shapers = flows.map(|flow| (FlowId::new(flow.id), Arc::clone(&shaper)));
    RulesInForce {
        translator: Arc::new(Reader),
        shapers: shapers.collect(),
        policies: policies(version),
    }
}

/// Keys that cannot be read now and then.
pub(crate) struct Keys {
    pub(crate) machine: Arc<Machine>,
    pub(crate) weather: Arc<Weather>,
}

impl Keys {
    fn fail(&self) -> Result<(), KeyError> {
        if self.weather.strikes(&self.machine, self.weather.keys, 8) {
            self.weather.count("keys unreadable");
            return Err(KeyError::Unavailable("busy".to_owned()));
        }
        Ok(())
    }
}

impl KeyRing for Keys {
    fn sealing_key(
        &self,
        owner: &KeyOwner,
        class: KeyClass,
        at: Timestamp,
    ) -> Result<Arc<SealingKey>, KeyError> {
        self.fail()?;
        OneKey.sealing_key(owner, class, at)
    }

    fn opening_key(&self, id: KeyId) -> Result<Arc<SealingKey>, KeyError> {
        self.fail()?;
        OneKey.opening_key(id)
    }
}
