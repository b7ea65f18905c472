//! What must have come of the story at its end, held against what was seen. How the story goes is
//! told in `story`.

use std::collections::BTreeMap;

use isthmus_ledger::verify::Report;
use serde_json::{Value, json};

use crate::demo::asking::{deliveries, on_the_way};
use crate::demo::story::Noted;
use crate::demo::view::{CRM, MARKETING, RecipientView, View};

/// One thing that must be so.
#[derive(Debug)]
pub(crate) struct Expectation {
    /// What.
    pub(crate) what: String,
    /// How it must be.
    pub(crate) expected: Value,
    /// How it is.
    pub(crate) seen: Value,
}

impl Expectation {
    fn new(what: impl Into<String>, expected: impl Into<Value>, seen: impl Into<Value>) -> Self {
        Self {
            what: what.into(),
            expected: expected.into(),
            seen: seen.into(),
        }
    }

    /// Whether it is so.
    pub(crate) fn is_held(&self) -> bool {
        self.expected == self.seen
    }

    /// That the story came to its end, when it did not.
    pub(crate) fn broken_off(why: &str) -> Self {
        Self::new("the story comes to its end", "yes", why)
    }
}

/// Everything that must be so after the feed.
pub(crate) fn all(view: &View, noted: &Noted, ledger: &Report) -> Vec<Expectation> {
    let mut all = of_the_feed(view);
    all.extend(of_the_story(noted));
    for one in &view.recipients {
        all.extend(of_a_recipient(view, one));
    }
    all.extend(of_the_ledger(ledger));
    all
}

/// 34 messages: 2 refused, 1 sent twice, 1 without a map.
fn of_the_feed(view: &View) -> Vec<Expectation> {
    let refusals = ["AR condition 102 at MSH-18", "AR condition 204 at PID-3.4"];
    let heard = &view.heard;
    vec![
        Expectation::new("messages sent", 34, heard.sent),
        Expectation::new("positive acknowledgements", 32, heard.positive),
        Expectation::new(
            "refusals and their places",
            json!(refusals),
            json!(heard.refusals),
        ),
        Expectation::new("messages kept, each once", 31, view.status.intakes),
        Expectation::new("messages translated", 30, view.outcomes("translated")),
        Expectation::new("messages parked", 1, view.outcomes("parked")),
    ]
}

fn of_the_story(noted: &Noted) -> Vec<Expectation> {
    let Noted {
        waited,
        nothing_on_its_way,
        after_taking_back,
        behind,
        went_on,
        ruled,
    } = noted;
    let on_its_way = "nothing of D is on its way when the consent is taken back";
    vec![
        Expectation::new(
            "records of D that wait when the consent is taken back",
            2,
            *waited,
        ),
        Expectation::new(on_its_way, true, *nothing_on_its_way),
        Expectation::new("records of D that arrive afterwards", 0, *after_taking_back),
        Expectation::new("records of E behind the refused one", 2, *behind),
        Expectation::new("records of others that go on meanwhile", 3, *went_on),
        Expectation::new("parked records tried again", 1, *ruled),
    ]
}

fn of_a_recipient(view: &View, one: &RecipientView) -> Vec<Expectation> {
    let delivered: u64 = if one.id == CRM { 30 } else { 15 };
    let persons = if one.id == CRM { 5 } else { 3 };
    let refused = u64::from(one.id == CRM);
    let reasons = match one.id {
        MARKETING => vec![("consent", 9), ("consent-revoked", 2), ("suppressed", 4)],
        _ => Vec::new(),
    };
    let reasons: BTreeMap<&str, u64> = reasons.into_iter().collect();
    let withheld = view.ledger.withheld.get(one.id);
    let withheld = withheld.map_or_else(|| json!({}), |seen| json!(seen));
    let counts = &one.counts;
    let of = |what: &str| format!("{}: {what}", one.id);
    let stands = |state: &str| deliveries(&view.status, one.id, state);
    // What the marketing platform did not take was taken back meanwhile.
    let again = counts.repeats > 0 || one.id == MARKETING;
    vec![
        Expectation::new(of("records delivered"), delivered, stands("delivered")),
        Expectation::new(
            of("records on their way"),
            0,
            on_the_way(&view.status, one.id),
        ),
        Expectation::new(of("records parked"), 0, stands("parked")),
        Expectation::new(of("records withheld"), json!(reasons), withheld),
        Expectation::new(of("records taken"), delivered, counts.taken),
        Expectation::new(of("persons known"), persons, counts.persons),
        Expectation::new(of("records refused for good"), refused, counts.refused),
        Expectation::new(of("bad signatures"), 0, counts.rejected),
        Expectation::new(of("what was not taken came again"), true, again),
        Expectation::new(of("repeats have their first id"), true, counts.repeats_ok),
        Expectation::new(of("versions of a person rise"), true, counts.order_ok),
        Expectation::new(
            of("fields beyond the flow report"),
            json!([]),
            json!(one.beyond),
        ),
        Expectation::new(of("arrived is what the ledger says"), true, one.is_as_told),
    ]
}

fn of_the_ledger(ledger: &Report) -> Vec<Expectation> {
    let wrong = ledger.first_bad.as_ref();
    let wrong = wrong.map_or("nothing", |finding| finding.text.as_str());
    vec![
        Expectation::new("what is wrong with the ledger", "nothing", wrong),
        Expectation::new("entries that are signed", ledger.entries, ledger.signed),
    ]
}
