//! Ruling on what is parked: which items are meant, what speaks against it, and the order to the
//! journal; what it does to the rows is the store's business.

use std::collections::BTreeSet;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::id::{DeliveryId, Sequence};
use isthmus_core::journal::{Committed, Journal, ParkedAction, ParkedItem, ParkedRuling, Unit};
use isthmus_core::ledger::{LedgerEntry, LedgerEvent, LedgerFact, Ruling};
use isthmus_store::running_store::RunningStore;
use isthmus_store::summary::Summary;

use crate::admin::answer::{ParkedRow, Refused, Ruled};
use crate::admin::request::Order;
use crate::failure::Failure;

/// Items in one order at most.
const ITEMS_MAX: usize = 10_000;
/// Items that are read at once.
const PAGE: usize = 1_000;
/// The longest reason, in bytes.
const WHY_MAX: usize = 1_000;

/// Rules on every item that is parked, and tells which were not.
pub(crate) async fn rule(
    store: &RunningStore,
    order: &Order,
    clock: &dyn Clock,
    by: &str,
) -> Result<Ruled, Failure> {
    let summary = store.store().summary().map_err(Failure::run)?;
    if order.why.trim().is_empty() || order.why.len() > WHY_MAX {
        let text =
            format!("a reason is needed, of at most {WHY_MAX} bytes; it goes into the ledger");
        return Err(Failure::Usage(text));
    }
    let names = names(&summary, order)?;
    let mut ruled = Ruled {
        ruled: 0,
        refused: Vec::new(),
    };
    for name in names {
        let item = item(&name)?;
        if let Some(why) = objection(&summary, &item, order)? {
            ruled.refused.push(Refused { item: name, why });
            continue;
        }
        let ruling = ruling(clock.now(), item, &name, order, by);
        let unit = Unit::Rulings(vec![ruling]);
        let committed = store.journal().commit(unit).await.map_err(Failure::run)?;
        if committed == Committed::Ruled(1) {
            ruled.ruled += 1;
        } else {
            let why = "it is not parked".to_owned();
            ruled.refused.push(Refused { item: name, why });
        }
    }
    Ok(ruled)
}

/// The items that are meant, each once, oldest first as far as they were found by reason.
fn names(summary: &Summary, order: &Order) -> Result<Vec<String>, Failure> {
    let mut names = order.items.clone();
    if let Some(all) = &order.all {
        let recipient = all.recipient.as_deref();
        let is_meant = |one: &ParkedRow| {
            one.reason == all.reason
                && (recipient.is_none() || one.recipient.as_deref() == recipient)
        };
        let mut after = None;
        while names.len() <= ITEMS_MAX {
            let page = summary.parked(after, PAGE).map_err(Failure::run)?;
            let Some(last) = page.last() else { break };
            after = Some(last.sequence);
            let meant = page.into_iter().map(ParkedRow::from).filter(is_meant);
            names.extend(meant.map(|one| one.item));
        }
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    if names.len() > ITEMS_MAX {
        let text = format!("more than {ITEMS_MAX} items; rule on them in parts");
        return Err(Failure::Usage(text));
    }
    Ok(names)
}

fn item(name: &str) -> Result<ParkedItem, Failure> {
    if let Some(id) = DeliveryId::parse(name) {
        return Ok(ParkedItem::Delivery(id));
    }
    let place = name.parse().map_err(|_not_a_number| {
        let text = format!("`{name}` is neither a delivery's id nor a message's number");
        Failure::Usage(text)
    })?;
    Ok(ParkedItem::Message(Sequence(place)))
}

/// What speaks against a ruling.
fn objection(
    summary: &Summary,
    item: &ParkedItem,
    order: &Order,
) -> Result<Option<String>, Failure> {
    let (ParkedItem::Message(sequence), false, false) = (item, order.drop, order.overtaken_too)
    else {
        return Ok(None);
    };
    let overtaken = summary.was_overtaken(*sequence).map_err(Failure::run)?;
    Ok(overtaken.then(|| {
        "later messages of its patient gave deliveries, so what it gives would come after what is \
         newer; with --out-of-order it is tried all the same"
            .to_owned()
    }))
}

fn ruling(at: Timestamp, item: ParkedItem, name: &str, order: &Order, by: &str) -> ParkedRuling {
    let outcome = if order.drop { "drop" } else { "retry" };
    let fact = LedgerFact {
        at,
        event: LedgerEvent::Ruling,
        outcome: outcome.to_owned(),
        reason: Some(match &item {
            ParkedItem::Delivery(_) => format!("delivery {name}"),
            ParkedItem::Message(_) => format!("message {name}"),
        }),
        attempt: None,
        ruling: Some(Ruling {
            by: by.to_owned(),
            why: order.why.clone(),
        }),
        terms: None,
        subject: None,
    };
    ParkedRuling {
        item,
        action: if order.drop {
            ParkedAction::Drop
        } else {
            ParkedAction::Retry
        },
        at,
        entry: LedgerEntry::without_subject(&fact),
    }
}
