//! A site whose two recipients are reached by signed webhooks, and the people that its messages are
//! about; what arrives is seen at the `receiver`, what is promised is in the tests.

use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::gateway::{Gateway, Site};
use crate::mllp_peer::MllpPeer;
use crate::receiver::Receiver;

/// The longest that anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// The CRM and the marketing platform behind webhooks.
pub(crate) struct WebhookSite {
    /// The configuration and the commands.
    pub(crate) site: Site,
    /// The CRM.
    pub(crate) crm: Receiver,
    /// The marketing platform.
    pub(crate) marketing: Receiver,
}

/// A message about a patient, known by number, name and e-mail address in the records.
pub(crate) fn message(control_id: &str, patient: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||\
         ADT^A08^ADT_A01|{control_id}|P|2.5.1|||||USA|UNICODE UTF-8\r\
         EVN|A08|20260310081400-0400\r\
         PID|1||{patient}^^^EXAMPLE MRN^MR||{patient}^{patient}^^^^^L||19840617|F|||\
         12 Sample Street^^Springfield^IL^62704^USA^H||^NET^Internet^{patient}@example.org\r"
    )
    .into_bytes()
}

/// Hands in messages, each of which must be accepted.
pub(crate) fn hand_in(gateway: &Gateway, messages: &[(&str, &str)]) {
    let mut peer = MllpPeer::connect(gateway.plain);
    for (control_id, patient) in messages {
        let answer = peer.exchange(&message(control_id, patient));
        assert_eq!(answer.code(), "AA", "{control_id}");
    }
}

impl WebhookSite {
    /// The example with webhooks.
    pub(crate) fn example() -> Self {
        Self::over(Site::example(), "")
    }

    /// A site's recipients become webhooks, each with these keys in its configuration too.
    pub(crate) fn over(site: Site, more: &str) -> Self {
        let (crm, marketing) = (Receiver::start(), Receiver::start());
        site.webhook("crm", &crm, more);
        site.webhook("marketing", &marketing, more);
        Self {
            site,
            crm,
            marketing,
        }
    }

    /// Records what a patient says to marketing, and returns once nothing is on its way.
    pub(crate) fn says(&self, patient: &str, choice: &str) {
        let set = [
            "consent",
            "set",
            "--category",
            "hipaa-auth",
            "--evidence",
            "a form",
        ];
        let input = format!("EXAMPLE MRN|{patient}\n");
        let set = self
            .site
            .json(&[&set[..], &["--choice", choice]].concat(), &input);
        assert_eq!(set["nothing_on_its_way"], true, "{set}");
    }

    /// Places a hold on a patient for a review.
    pub(crate) fn holds(&self, patient: &str) {
        let place = ["hold", "place", "--kind", "review"];
        self.site.json(&place, &format!("EXAMPLE MRN|{patient}\n"));
    }

    /// Waits until so many deliveries to a recipient stand so.
    pub(crate) fn wait_until(&self, recipient: &str, state: &str, count: u64) -> Value {
        let what = format!("{count} {state} of {recipient}");
        self.site.wait_for(&what, |status| {
            deliveries(status, recipient, state) == count && status["open"] == 0
        })
    }

    /// What is parked, as the command lists it.
    pub(crate) fn parked(&self) -> Vec<Value> {
        let listed = self.site.json(&["parked", "list"], "");
        listed.as_array().unwrap().clone()
    }

    /// Rules on parked items.
    pub(crate) fn rule(&self, word: &str, item: &str, why: &str) -> Output {
        let rule = ["parked", word, item, "--why", why, "--json"];
        self.site.command(&rule, "")
    }

    /// The entries of the ledger, oldest first.
    pub(crate) fn ledger(&self) -> Vec<Value> {
        let shown = self.site.json(&["ledger", "show", "--limit", "100000"], "");
        shown["entries"].as_array().unwrap().clone()
    }

    /// Waits until the running gateway has signed every entry.
    pub(crate) fn wait_until_signed(&self) {
        let start = Instant::now();
        loop {
            let report = self.site.json(&["ledger", "verify"], "");
            if report["signed"] == report["entries"] {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "not signed: {report}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the ledger has on one message and one recipient, `outcome` or `outcome:reason` each.
    pub(crate) fn told(&self, control_id: &str, recipient: &str) -> Vec<String> {
        let trails = self.site.json(&["why", control_id, "--to", recipient], "");
        let entries = trails[0]["ledger"].as_array().unwrap().iter();
        entries.map(word).collect()
    }
}

/// An entry of the ledger in a word.
pub(crate) fn word(entry: &Value) -> String {
    let outcome = entry["outcome"].as_str().unwrap();
    let reason = entry["reason"].as_str();
    reason.map_or_else(
        || outcome.to_owned(),
        |reason| format!("{outcome}:{reason}"),
    )
}

/// How many deliveries to a recipient stand so.
pub(crate) fn deliveries(status: &Value, recipient: &str, state: &str) -> u64 {
    let rows = status["deliveries"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["recipient"] == recipient && row["state"] == state);
    rows.map(|row| row["count"].as_u64().unwrap()).sum()
}
