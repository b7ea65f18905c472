//! A full store says so, loses nothing, and goes on when there is room.

use isthmus_core::id::RecipientId;
use isthmus_core::journal::{Backlog, Committed, Journal, JournalError, Settlement, Step, Unit};
use isthmus_store::running_store::{RunningStore, StoreOptions};

use crate::support::{
    Folder, START, accept, conclude, conclusion, delivery, delivery_id, master, message, start,
    subject,
};

#[tokio::test]
async fn a_full_store_refuses_messages_and_takes_settlements() {
    let folder = Folder::new();
    let options = StoreOptions {
        paths: folder.paths(),
        size_limit: Some(1 << 20),
    };
    let store = RunningStore::start(&options, &master(1)).unwrap();
    let journal = store.journal();
    let recipient = RecipientId::new("mailer");
    accept(journal.as_ref(), message(0, None)).await.unwrap();
    let big = delivery(0, &recipient, subject(0), 300_000);
    conclude(&journal, conclusion(1, vec![big])).await;
    let mut accepted = 1;
    let full = loop {
        match accept(journal.as_ref(), message(accepted, None)).await {
            Ok(_accepted) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full, JournalError::Full);
    let refused = accept(journal.as_ref(), message(accepted, None)).await;
    assert_eq!(refused, Err(JournalError::Full));
    let delivered = Settlement {
        id: delivery_id(0),
        at: isthmus_core::clock::Timestamp::from_unix_millis(START),
        step: Step::Delivered,
    };
    let together = tokio::join!(
        journal.commit(Unit::Settlements(vec![delivered])),
        accept(journal.as_ref(), message(accepted, None)),
    );
    assert_eq!(together.0, Ok(Committed::Done));
    for _message in 0..10 {
        accept(journal.as_ref(), message(accepted, None))
            .await
            .unwrap();
        accepted += 1;
    }
    drop(store);
    let store = start(&folder);
    let open = store.backlog().open_intakes(None, 1_000_000).unwrap();
    assert_eq!(open.len() as u64, accepted - 1);
    assert!(open.iter().all(|open| open.message.is_ok()));
}
