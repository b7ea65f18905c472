//! What is acknowledged is there, once, and opens again; messages that wait together may be one
//! batch, and that changes nothing.

use std::sync::Arc;
use std::time::Duration;

use isthmus_core::id::Sequence;
use isthmus_core::journal::{Backlog, Committed, Journal, JournalError, Outcome, Unit};
use isthmus_core::phi::Phi;
use isthmus_core::refusal::{Reason, Refusal};

use crate::support::{Folder, accept, conclude, conclusion, message, start, subject};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_wait_together_get_a_place_each() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    let tasks: Vec<_> = (0..500)
        .map(|number| {
            let journal = Arc::clone(&journal);
            let accepted = async move {
                accept(journal.as_ref(), message(number, Some(subject(number)))).await
            };
            tokio::runtime::Handle::current().spawn(accepted)
        })
        .collect();
    let mut sequences = Vec::new();
    for task in tasks {
        let accepted = task.await.unwrap().unwrap();
        assert!(!accepted.repeat && !accepted.control_id_reused);
        sequences.push(accepted.sequence.0);
    }
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=500).collect::<Vec<_>>());
    assert_eq!(store.backlog().open_intakes(1_000, &[]).unwrap().len(), 500);
}

#[tokio::test]
async fn a_repeat_has_the_place_of_the_first_also_within_one_batch() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    let first = message(1, None);
    let other_content = {
        let mut other = message(2, None);
        other.body.control_id = first.body.control_id;
        other
    };
    let commits = [first.clone(), first.clone(), other_content.clone()]
        .map(|message| journal.commit(Unit::Intake(message)));
    let [one, two, three] = commits;
    let (one, two, three) = tokio::join!(one, two, three);
    let accepted = [one, two, three].map(|committed| {
        let Committed::Intake(accepted) = committed.unwrap() else {
            panic!()
        };
        accepted
    });
    assert_eq!(accepted.map(|a| a.sequence.0), [1, 1, 2]);
    assert_eq!(accepted.map(|a| a.repeat), [false, true, false]);
    assert_eq!(accepted.map(|a| a.control_id_reused), [false, false, true]);
    let again = accept(journal.as_ref(), first).await.unwrap();
    assert!(again.repeat && again.control_id_reused && again.sequence == Sequence(1));
    let again = accept(journal.as_ref(), other_content).await.unwrap();
    assert!(again.repeat && again.control_id_reused && again.sequence == Sequence(2));
}

#[tokio::test]
async fn a_restart_goes_on_with_what_has_no_outcome() {
    let folder = Folder::new();
    {
        let store = start(&folder);
        let journal = store.journal();
        for number in 0..3 {
            accept(journal.as_ref(), message(number, Some(subject(1))))
                .await
                .unwrap();
        }
        conclude(&journal, conclusion(2, Vec::new())).await;
        store.close();
        let closed = accept(journal.as_ref(), message(9, None)).await;
        assert_eq!(closed, Err(JournalError::Closed));
    }
    let store = start(&folder);
    let open = store.backlog().open_intakes(10, &[]).unwrap();
    assert_eq!(
        open.iter().map(|open| open.sequence.0).collect::<Vec<_>>(),
        [1, 3]
    );
    let opened = open[1].message.as_ref().unwrap();
    let sent = message(2, Some(subject(1)));
    assert_eq!(opened.body.bytes.reveal(), sent.body.bytes.reveal());
    assert_eq!(opened.id, sent.id);
    assert_eq!(opened.subject, sent.subject);
    assert_eq!(opened.sender, sent.sender);
    assert_eq!(opened.received_at, sent.received_at);
    assert_eq!(opened.body.control_id, sent.body.control_id);
    let open = store.backlog().open_intakes(1, &[]).unwrap();
    assert_eq!(open.len(), 1);
    let concluded = store.backlog().message(Sequence(2)).unwrap().unwrap();
    assert!(concluded.message.is_ok());
    assert!(store.backlog().message(Sequence(9)).unwrap().is_none());
    let next = accept(store.journal().as_ref(), message(9, None))
        .await
        .unwrap();
    assert_eq!(next.sequence, Sequence(4));
}

#[tokio::test]
async fn large_messages_open_again_and_a_page_ends_behind_the_one_that_fills_it() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    let sizes = [1_000, (256 << 10) - 28, 256 << 10, 4 << 20, 5 << 20];
    let mut number = 0;
    let sent = sizes.map(|size| {
        number += 1;
        let mut sent = message(number, Some(subject(1)));
        let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
        sent.body.bytes = Phi::new(bytes.into());
        sent
    });
    for one in &sent {
        let first = accept(journal.as_ref(), one.clone()).await.unwrap();
        let again = accept(journal.as_ref(), one.clone()).await.unwrap();
        assert!(!first.repeat && again.repeat && again.sequence == first.sequence);
    }
    assert_eq!(store.backlog().open_intakes(10, &[]).unwrap().len(), 4);
    for (one, number) in sent.iter().zip(1..) {
        let found = store.backlog().message(Sequence(number)).unwrap().unwrap();
        let found = found.message.unwrap();
        assert!(found.body.bytes.reveal() == one.body.bytes.reveal());
    }
}

#[tokio::test]
async fn a_second_conclusion_is_ignored_whole() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    accept(journal.as_ref(), message(1, None)).await.unwrap();
    let mut parked = conclusion(1, Vec::new());
    parked.outcome = Outcome::Parked(Refusal::park(Reason::NotMapped).at("MSH-9"));
    conclude(&journal, parked).await;
    let recipient = isthmus_core::id::RecipientId::new("mailer");
    let delivery = crate::support::delivery(1, &recipient, subject(1), 10);
    conclude(&journal, conclusion(1, vec![delivery])).await;
    let summary = store.store().summary().unwrap();
    assert_eq!(summary.counts().unwrap().deliveries, []);
    let parked = summary.parked(None, 10).unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].reason, "not-mapped");
    assert_eq!(parked[0].location.as_deref(), Some("MSH-9"));
    assert_eq!(parked[0].sender.as_deref(), Some("north-lab"));
}

#[tokio::test]
async fn the_backlog_tells_of_messages_that_were_not_read() {
    let folder = Folder::new();
    let store = start(&folder);
    let backlog = store.backlog();
    let soon = Duration::from_millis(30);
    tokio::time::timeout(soon, backlog.arrived())
        .await
        .expect("nothing was read yet");
    assert!(backlog.open_intakes(10, &[]).unwrap().is_empty());
    tokio::time::timeout(soon, backlog.arrived())
        .await
        .expect_err("nothing arrived");
    let journal = store.journal();
    let arrived = backlog.arrived();
    accept(journal.as_ref(), message(1, None)).await.unwrap();
    tokio::time::timeout(soon * 100, arrived)
        .await
        .expect("a message arrived");
    let page = backlog.open_intakes(10, &[]).unwrap();
    assert_eq!(page.len(), 1);
    tokio::time::timeout(soon, backlog.arrived())
        .await
        .expect_err("it was read");
    accept(journal.as_ref(), message(1, None)).await.unwrap();
    tokio::time::timeout(soon, backlog.arrived())
        .await
        .expect_err("a repeat is nothing new");
}

#[tokio::test]
async fn after_a_failure_nothing_is_acknowledged() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    accept(journal.as_ref(), message(1, None)).await.unwrap();
    // What SQLite says of a file that broke is like any failure that is not a full disk.
    let vandal = rusqlite::Connection::open(folder.paths().database()).unwrap();
    vandal.execute_batch("DROP TABLE open_intake").unwrap();
    let failed = accept(journal.as_ref(), message(2, None)).await;
    assert!(matches!(failed, Err(JournalError::Failed(_))));
    let told = tokio::time::timeout(Duration::from_secs(20), store.failed()).await;
    assert!(told.unwrap().contains("open_intake"));
    let unit = Unit::Settlements(Vec::new());
    let refused = journal.commit(unit).await;
    assert!(
        matches!(refused, Err(JournalError::Failed(_))),
        "though it could be written"
    );
}
