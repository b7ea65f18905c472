//! What senders are owed: an application acknowledgement is there with the outcome that it tells
//! of, once, sealed, until it is struck.

use std::time::Duration;

use isthmus_core::application_answer::AnswerPlace;
use isthmus_core::application_answers::{OwedAnswer, OwedAnswers};
use isthmus_core::clock::Timestamp;
use isthmus_core::id::{SenderId, Sequence};
use isthmus_core::journal::{
    Committed, Journal, Outcome, ParkedAction, ParkedItem, ParkedRuling, Unit,
};
use isthmus_core::key_ring::{KeyClass, KeyError, KeyOwner};
use isthmus_core::ledger::{LedgerEntry, LedgerEvent, LedgerFact};
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_store::running_store::RunningStore;

use crate::support::{
    Folder, START, accept, answered, conclude, conclusion, contains, message, start,
};

const FIRST: AnswerPlace = AnswerPlace(0);

fn north() -> SenderId {
    SenderId::new("north")
}

fn owed(store: &RunningStore) -> Vec<OwedAnswer> {
    store.owed_answers().page(&north(), FIRST, 10).unwrap()
}

fn ids(store: &RunningStore) -> Vec<String> {
    owed(store).into_iter().map(|one| one.control_id).collect()
}

async fn with_answers(folder: &Folder, ids: &[&str]) -> RunningStore {
    let store = start(folder);
    for (number, id) in (1..).zip(ids) {
        accept(store.journal().as_ref(), message(number, None))
            .await
            .unwrap();
        conclude(
            &store.journal(),
            answered(conclusion(number, Vec::new()), id),
        )
        .await;
    }
    store
}

#[tokio::test]
async fn an_answer_is_owed_from_the_outcome_until_it_is_struck_over_restarts() {
    let folder = Folder::new();
    drop(with_answers(&folder, &["A1", "A2", "A3"]).await);
    let store = start(&folder);
    assert_eq!(store.owed_answers().senders().unwrap(), [north()]);
    let all = owed(&store);
    let texts = all.iter().map(|one| one.bytes.as_ref().unwrap().reveal());
    let texts: Vec<_> = texts.map(Vec::as_slice).collect();
    let expected: [&[u8]; 3] = [b"the answer A1", b"the answer A2", b"the answer A3"];
    assert_eq!(texts, expected);
    assert!(all.iter().all(|one| one.accept));
    assert_eq!(all[0].since, Timestamp::from_unix_millis(START));
    let counts = store.store().summary().unwrap().counts().unwrap();
    assert_eq!(counts.owed.len(), 1);
    assert_eq!(
        (counts.owed[0].count, counts.owed[0].oldest),
        (3, all[0].since)
    );
    let behind = store.owed_answers().page(&north(), all[0].place, 1);
    assert_eq!(behind.unwrap()[0].control_id, "A2");
    let strike = Unit::Acknowledged(vec![all[1].place, AnswerPlace(99)]);
    assert_eq!(store.journal().commit(strike).await, Ok(Committed::Done));
    drop(store);
    let store = start(&folder);
    assert_eq!(ids(&store), ["A1", "A3"]);
    assert!(!contains(&folder.bytes(), b"the answer"), "it lies sealed");
}

#[tokio::test]
async fn only_the_first_conclusion_of_a_message_is_answered() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    accept(journal.as_ref(), message(1, None)).await.unwrap();
    let mut parked = answered(conclusion(1, Vec::new()), "A1");
    parked.outcome = Outcome::Parked(Refusal::park(Reason::Unmappable));
    conclude(&journal, parked.clone()).await;
    // Committed again after a crash.
    conclude(&journal, parked).await;
    assert_eq!(ids(&store), ["A1"]);
    let fact = LedgerFact {
        at: Timestamp::from_unix_millis(START),
        event: LedgerEvent::Ruling,
        outcome: "retry".to_owned(),
        reason: None,
        attempt: None,
        ruling: None,
        terms: None,
        subject: None,
    };
    let ruling = ParkedRuling {
        item: ParkedItem::Message(Sequence(1)),
        action: ParkedAction::Retry,
        at: fact.at,
        entry: LedgerEntry::without_subject(&fact),
    };
    let ruled = journal.commit(Unit::Rulings(vec![ruling])).await;
    assert_eq!(ruled, Ok(Committed::Ruled(1)));
    conclude(&journal, answered(conclusion(1, Vec::new()), "A2")).await;
    assert_eq!(ids(&store), ["A1"]);
}

#[tokio::test]
async fn an_answer_whose_key_is_gone_is_told_as_such() {
    let folder = Folder::new();
    let store = with_answers(&folder, &["A1"]).await;
    let keys = store.store().keys();
    let owner = KeyOwner::Sender(north());
    let at = Timestamp::from_unix_millis(START);
    let periods = keys.periods(&owner, KeyClass::Raw).unwrap();
    assert_eq!(periods, [at.day()]);
    keys.destroy(&owner, KeyClass::Raw, &at.day()).unwrap();
    assert_eq!(
        owed(&store)[0].bytes.as_ref().unwrap_err(),
        &KeyError::Destroyed
    );
}

#[tokio::test]
async fn whoever_waits_for_debts_is_told_of_each() {
    let folder = Folder::new();
    let store = with_answers(&folder, &["A1"]).await;
    let debts = store.owed_answers();
    debts.arrived().await;
    debts.senders().unwrap();
    let soon = Duration::from_millis(50);
    let again = tokio::time::timeout(soon, debts.arrived()).await;
    again.expect_err("nothing came since");
    let journal = store.journal();
    accept(journal.as_ref(), message(2, None)).await.unwrap();
    conclude(&journal, conclusion(2, Vec::new())).await;
    let none = tokio::time::timeout(soon, debts.arrived()).await;
    none.expect_err("no answer is owed for it");
    accept(journal.as_ref(), message(3, None)).await.unwrap();
    conclude(&journal, answered(conclusion(3, Vec::new()), "A3")).await;
    debts.arrived().await;
}
