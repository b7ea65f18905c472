//! What the demo reads in its own ledger: why records were withheld, which fields went in which
//! delivery, and whether the whole is what was signed. The ledger itself is `isthmus-ledger`'s.

use std::collections::BTreeMap;

use isthmus_ledger::verify::{Report, verify};
use isthmus_ledger::view::SubjectView;

use crate::admin::answer::LedgerPage;
use crate::admin::client::open;
use crate::admin::request::{LedgerQuery, Request};
use crate::demo::asking::Asking;
use crate::failure::Failure;

/// Entries that are read at most.
const ENTRIES_MAX: usize = 100_000;

/// What the entries say; names and counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct LedgerReading {
    /// How many records each recipient did not get, by recipient and then by reason.
    pub(crate) withheld: BTreeMap<String, BTreeMap<String, u64>>,
    /// The fields of every delivery that arrived, by recipient and then by the delivery's id.
    pub(crate) delivered: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// Reads every entry.
pub(crate) async fn read(asking: &Asking) -> Result<LedgerReading, Failure> {
    let query = LedgerQuery {
        limit: ENTRIES_MAX,
        ..LedgerQuery::default()
    };
    let page: LedgerPage = asking.ask(Request::Ledger(query)).await?;
    let mut reading = LedgerReading::default();
    for entry in page.entries {
        let Some(recipient) = entry.recipient else {
            continue;
        };
        match (entry.outcome.as_str(), entry.subject) {
            ("withheld", _) => {
                let reasons = reading.withheld.entry(recipient).or_default();
                *reasons.entry(entry.reason.unwrap_or_default()).or_default() += 1;
            }
            ("delivered", Some(SubjectView::Open(subject))) => {
                let deliveries = reading.delivered.entry(recipient).or_default();
                let id = subject.delivery.unwrap_or_default();
                drop(deliveries.insert(id, subject.released));
            }
            _ => {}
        }
    }
    Ok(reading)
}

/// Waits until every entry is signed, and checks all.
pub(crate) async fn verified(asking: &Asking) -> Result<Report, Failure> {
    let start = asking.monotonic();
    loop {
        let report = asking.aside(|file| {
            let store = open(file)?;
            let key = file.ledger_key(&store.name())?.verifying().clone();
            let rows = store.ledger().map_err(Failure::run)?;
            verify(&rows, &key, None, &mut |_read| {}).map_err(Failure::run)
        });
        let report = report.await?;
        if report.first_bad.is_some() || report.signed == report.entries {
            return Ok(report);
        }
        let what = "every entry of the ledger to be signed";
        asking.look_again(start, what).await?;
    }
}
