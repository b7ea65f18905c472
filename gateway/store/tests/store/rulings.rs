//! What a person says of something parked: it is tried again or given up, once, and the ledger
//! keeps who said so; what is not parked is left alone.

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw};
use isthmus_core::id::{DeliveryId, RecipientId, Sequence};
use isthmus_core::journal::{
    Backlog, Committed, Journal, Outcome, ParkedAction, ParkedItem, ParkedRuling, Settlement, Step,
    Unit,
};
use isthmus_core::ledger::{LedgerEntry, LedgerEvent, LedgerFact, Ruling};
use isthmus_core::ledger_rows::LedgerRows;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_store::running_store::RunningStore;

use crate::support::{
    Folder, START, accept, conclude, conclusion, delivery, delivery_id, message, queue_of, start,
    subject,
};

const AT: Timestamp = Timestamp::from_unix_millis(START + 5);

fn crm() -> RecipientId {
    RecipientId::new("crm")
}

fn entry(outcome: &str) -> LedgerEntry {
    LedgerEntry::without_subject(&LedgerFact {
        at: AT,
        event: LedgerEvent::Ruling,
        outcome: outcome.to_owned(),
        reason: None,
        attempt: None,
        ruling: Some(Ruling {
            by: "uid 0".to_owned(),
            why: "the address was mended".to_owned(),
        }),
        terms: None,
        subject: None,
    })
}

async fn rule(store: &RunningStore, item: ParkedItem, action: ParkedAction) -> usize {
    let ruling = ParkedRuling {
        item,
        action,
        at: AT,
        entry: entry("ruled"),
    };
    match store.journal().commit(Unit::Rulings(vec![ruling])).await {
        Ok(Committed::Ruled(ruled)) => ruled,
        other => panic!("{other:?}"),
    }
}

async fn settle(store: &RunningStore, id: DeliveryId, step: Step) {
    let settlement = Settlement {
        id,
        at: AT,
        step,
        entries: vec![entry("settled")],
    };
    let unit = Unit::Settlements(vec![settlement]);
    store.journal().commit(unit).await.unwrap();
}

async fn due(store: &RunningStore) -> Vec<Delivery> {
    let queue = queue_of(store);
    let draw = Draw {
        limit: 10,
        consecutive: false,
    };
    let recipient = crm();
    let next = queue.next(&recipient, draw);
    let soon = std::time::Duration::from_millis(200);
    match tokio::time::timeout(soon, next).await {
        Ok(drawn) => drawn.unwrap(),
        Err(_nothing) => Vec::new(),
    }
}

async fn with_parked() -> (Folder, RunningStore) {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    for number in [1, 2] {
        accept(journal.as_ref(), message(number, Some(subject(1))))
            .await
            .unwrap();
        let new = delivery(number, &crm(), subject(1), 9);
        conclude(&journal, conclusion(number, vec![new])).await;
    }
    let step = Step::Park(Reason::RefusedByDestination);
    settle(&store, delivery_id(1), step).await;
    (folder, store)
}

#[tokio::test]
async fn a_parked_delivery_is_tried_again_with_its_successor_behind_it() {
    let (_folder, store) = with_parked().await;
    assert!(due(&store).await.is_empty());
    let listed = store.store().summary().unwrap().parked(None, 10).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].delivery, Some(delivery_id(1)));
    assert_eq!((listed[0].attempts, listed[0].behind), (1, 1));
    let item = ParkedItem::Delivery(delivery_id(1));
    assert_eq!(rule(&store, item.clone(), ParkedAction::Retry).await, 1);
    assert_eq!(
        rule(&store, item, ParkedAction::Retry).await,
        0,
        "not parked"
    );
    let drawn = due(&store).await;
    assert_eq!(drawn.len(), 1);
    assert_eq!((drawn[0].id, drawn[0].attempt), (delivery_id(1), 2));
    // Parked, ruled once.
    assert_eq!(store.ledger().size().unwrap(), 2);
}

#[tokio::test]
async fn a_dropped_delivery_lets_its_successor_go() {
    let (_folder, store) = with_parked().await;
    let waiting = ParkedItem::Delivery(delivery_id(2));
    assert_eq!(rule(&store, waiting, ParkedAction::Drop).await, 0);
    let parked = ParkedItem::Delivery(delivery_id(1));
    assert_eq!(rule(&store, parked, ParkedAction::Drop).await, 1);
    let drawn = due(&store).await;
    assert_eq!(drawn.len(), 1);
    assert_eq!(drawn[0].id, delivery_id(2));
    let counts = store.store().summary().unwrap().counts().unwrap();
    let states: Vec<&str> = counts
        .deliveries
        .iter()
        .map(|one| one.state.as_str())
        .collect();
    assert_eq!(states, ["dropped", "waiting"]);
}

#[tokio::test]
async fn a_parked_message_is_opened_again_and_delivers_nothing_twice() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    accept(journal.as_ref(), message(1, Some(subject(1))))
        .await
        .unwrap();
    let mut parked = conclusion(1, Vec::new());
    parked.outcome = Outcome::Parked(Refusal::park(Reason::NotMapped));
    conclude(&journal, parked).await;
    let item = ParkedItem::Message(Sequence(1));
    assert_eq!(rule(&store, item.clone(), ParkedAction::Retry).await, 1);
    let open = store.backlog().open_intakes(10, &[]).unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].sequence, Sequence(1));
    // It gives two records; one is delivered, then a person has the message tried again.
    let both = || {
        let one = delivery(1, &crm(), subject(1), 9);
        vec![one, delivery(2, &crm(), subject(1), 9)]
    };
    let mut part = conclusion(1, both());
    part.decisions = vec![isthmus_core::journal::Decision {
        recipient: crm(),
        flow: isthmus_core::id::FlowId::new("other"),
        flow_version: 1,
        verdict: isthmus_core::journal::Verdict::Parked(Refusal::park(Reason::Unshapeable)),
    }];
    conclude(&journal, part).await;
    settle(&store, delivery_id(1), Step::Delivered).await;
    assert_eq!(rule(&store, item.clone(), ParkedAction::Retry).await, 1);
    let before = store.ledger().size().unwrap();
    let mut again = conclusion(1, both());
    again.entries = [Some(1), Some(2), None]
        .map(|number| isthmus_core::journal::DecisionEntry {
            delivery: number.map(delivery_id),
            entry: entry("decided"),
        })
        .to_vec();
    conclude(&journal, again).await;
    let noted = store.ledger().size().unwrap() - before;
    assert_eq!(noted, 1, "of what it had given before, nothing");
    let drawn = due(&store).await;
    assert_eq!(drawn.len(), 1);
    assert_eq!(drawn[0].id, delivery_id(2));
    assert_eq!(
        rule(&store, item, ParkedAction::Drop).await,
        0,
        "not parked"
    );
}

#[tokio::test]
async fn a_dropped_message_is_parked_no_more() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    accept(journal.as_ref(), message(1, None)).await.unwrap();
    let mut parked = conclusion(1, Vec::new());
    parked.outcome = Outcome::Parked(Refusal::park(Reason::NotMapped));
    conclude(&journal, parked).await;
    let item = ParkedItem::Message(Sequence(1));
    assert_eq!(rule(&store, item, ParkedAction::Drop).await, 1);
    let summary = store.store().summary().unwrap();
    assert!(summary.parked(None, 10).unwrap().is_empty());
    assert_eq!(summary.counts().unwrap().outcomes[0].kind, "dropped");
}
