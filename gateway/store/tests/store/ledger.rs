//! The ledger's rows: committed with what they tell of, at places without a gap, and not at all
//! when that was committed before.

use isthmus_core::clock::Timestamp;
use isthmus_core::id::{DeliveryId, RecipientId, Sequence};
use isthmus_core::journal::{Checkpoint, DecisionEntry, Journal, Settlement, Step, Unit};
use isthmus_core::ledger::{LedgerEntry, LedgerEvent, LedgerFact, ReadEntry, leaf_hash};
use isthmus_core::ledger_rows::{LedgerRow, LedgerRows};

use crate::support::{
    Folder, START, accept, conclude, conclusion, delivery, delivery_id, message, start, subject,
};

const AT: Timestamp = Timestamp::from_unix_millis(START + 5);

fn entry(outcome: &str) -> LedgerEntry {
    LedgerEntry::without_subject(&LedgerFact {
        at: AT,
        event: LedgerEvent::Attempt,
        outcome: outcome.to_owned(),
        reason: None,
        attempt: Some(1),
        ruling: None,
        terms: None,
        subject: None,
    })
}

fn decision(delivery: Option<DeliveryId>, outcome: &str) -> DecisionEntry {
    let entry = entry(outcome);
    DecisionEntry { delivery, entry }
}

#[tokio::test]
async fn entries_are_committed_with_what_they_tell_of_and_once() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    let crm = RecipientId::new("crm");
    for number in 1..=3 {
        accept(journal.as_ref(), message(number, None))
            .await
            .unwrap();
        for _again in 0..2 {
            let new = delivery(number, &crm, subject(number), 9);
            let mut one = conclusion(number, vec![new]);
            one.entries = vec![
                decision(Some(delivery_id(number)), "released"),
                decision(None, "withheld"),
            ];
            conclude(&journal, one).await;
        }
    }
    let settlement = |number| Settlement {
        id: delivery_id(number),
        at: AT,
        step: Step::Delivered,
        entries: vec![entry("delivered")],
    };
    for settlements in [vec![settlement(1), settlement(2)], vec![settlement(2)]] {
        let unit = Unit::Settlements(settlements);
        journal.commit(unit).await.unwrap();
    }
    let ledger = store.ledger();
    ledger.grown().await;
    assert_eq!(ledger.size().unwrap(), 8);
    let mut rows: Vec<LedgerRow> = Vec::new();
    ledger
        .for_each(&mut |row| {
            rows.push(row);
            true
        })
        .unwrap();
    for (place, row) in (0..).zip(&rows) {
        assert_eq!(row.place, place);
        assert_eq!(row.leaf, leaf_hash(&row.line));
        assert_eq!(ReadEntry::parse(&row.line).unwrap().place(), Some(place));
    }
    let outcome = |row: &LedgerRow| {
        let read = ReadEntry::parse(&row.line).unwrap();
        read.text("outcome").unwrap().to_owned()
    };
    let first = ledger.of_message(Sequence(1)).unwrap();
    let first: Vec<String> = first.iter().map(outcome).collect();
    assert_eq!(first, ["released", "withheld", "delivered"]);
    let leaves = ledger.leaves(5, 2).unwrap();
    assert_eq!(leaves, [rows[5].leaf, rows[6].leaf]);
}

#[tokio::test]
async fn checkpoints_are_kept_in_order() {
    let folder = Folder::new();
    let store = start(&folder);
    assert_eq!(store.ledger().last_checkpoint().unwrap(), None);
    let checkpoint = |size| Checkpoint {
        size,
        root: [7; 32],
        note: format!("isthmus\n{size}\n"),
    };
    for size in [3, 10, 10] {
        let unit = Unit::Checkpoint(checkpoint(size));
        store.journal().commit(unit).await.unwrap();
    }
    let ledger = store.store().ledger().unwrap();
    assert_eq!(
        ledger.checkpoints().unwrap(),
        [checkpoint(3), checkpoint(10)]
    );
    assert_eq!(ledger.last_checkpoint().unwrap(), Some(checkpoint(10)));
}
