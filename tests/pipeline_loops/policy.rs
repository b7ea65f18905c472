//! The policy of an invented recipient; what was released under it is in `released`.

use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_tests::invented_policies::load;

const AGREEMENTS: &str = r#"[[agreement]]
id = "BAA-1"
kind = "BAA"
party = "mailer"
expires = "2027-12-31"
"#;

pub(crate) const POLICY: &str = r#"[recipient]
id = "mailer"
name = "Acme Mail"
address = "1 Main St, Springfield"
kind = "marketing-platform"
side = "commercial"
agreement = "BAA-1"
regions = ["US"]

[[flow]]
id = "newsletter"
version = 3
map = "fhir-to-records/contact"
purpose = "HMARKT"
basis = "hipaa-authorization"
audience = "patient"
mode = "identified"
accountable = true
expires = "2027-06-30"

[flow.consent]
require = "opt-in"
category = ["mail"]
covers = ["contact", "demographic"]
max_age_s = 60
on_unknown = "withhold"

[[flow.allow]]
path = 'Patient.birthDate'
class = "demographic"
coarsen = "year"
"#;

/// The policies, loaded on 2026-11-22.
pub(crate) fn policies(policy: &str) -> PolicySet {
    load(&[("mailer", policy)], AGREEMENTS).unwrap_or_else(|errors| panic!("{errors:#?}"))
}
