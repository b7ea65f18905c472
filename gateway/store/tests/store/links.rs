//! The numbers of a link: one message takes each, durably, whoever asks at once; what does not
//! follow is not stored.

use std::sync::Arc;

use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::{MessageId, SenderId};
use isthmus_core::intake::Numbered;
use isthmus_core::journal::{Backlog, Committed, Journal, Unit};
use isthmus_core::link::{Expected, LinkOrder, LinkState};

use crate::support::{Folder, accept, digest, message, start};

async fn take(journal: &dyn Journal, message: Envelope<RawMessage>, number: u64) -> Numbered {
    let unit = Unit::Numbered(message, number);
    let committed = journal.commit(unit).await.unwrap();
    let Committed::Numbered(numbered) = committed else {
        panic!("{committed:?}")
    };
    numbered
}

async fn order(journal: &dyn Journal, order: LinkOrder) -> Expected {
    let unit = Unit::Link(SenderId::new("north-lab"), order);
    let committed = journal.commit(unit).await.unwrap();
    let Committed::Link(LinkState { expected }) = committed else {
        panic!("{committed:?}")
    };
    expected
}

/// Whether it was accepted, and as a repeat.
fn repeat(numbered: Numbered) -> Option<bool> {
    match numbered {
        Numbered::Accepted(accepted) => Some(accepted.repeat),
        Numbered::NotExpected(_) => None,
    }
}

#[tokio::test]
async fn only_the_next_number_is_taken_and_a_repeat_is_known() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    let journal = journal.as_ref();
    assert_eq!(order(journal, LinkOrder::Start).await, Expected::Any);
    assert_eq!(
        repeat(take(journal, message(7, None), 7).await),
        Some(false)
    );
    assert_eq!(order(journal, LinkOrder::Start).await, Expected::Number(8));
    let gap = take(journal, message(9, None), 9).await;
    assert_eq!(gap, Numbered::NotExpected(Expected::Number(8)));
    assert_eq!(repeat(take(journal, message(7, None), 7).await), Some(true));
    let other_content = take(journal, message(70, None), 7).await;
    assert_eq!(other_content, Numbered::NotExpected(Expected::Number(8)));
    assert_eq!(
        repeat(take(journal, message(8, None), 8).await),
        Some(false)
    );
    // Another sender's link is its own, and messages without a number belong to none.
    let mut other = message(1, None);
    other.sender = SenderId::new("south-lab");
    assert_eq!(repeat(take(journal, other, 1).await), Some(false));
    accept(journal, message(50, None)).await.unwrap();
    assert_eq!(order(journal, LinkOrder::Start).await, Expected::Number(9));
    assert_eq!(store.backlog().open_intakes(100, &[]).unwrap().len(), 4);
}

#[tokio::test]
async fn the_number_outlives_a_restart_and_is_forgotten_when_asked() {
    let folder = Folder::new();
    {
        let store = start(&folder);
        let taken = take(store.journal().as_ref(), message(1, None), 41).await;
        assert_eq!(repeat(taken), Some(false));
    }
    {
        let store = start(&folder);
        let journal = store.journal();
        assert_eq!(
            order(journal.as_ref(), LinkOrder::Start).await,
            Expected::Number(42)
        );
        let asked = order(journal.as_ref(), LinkOrder::Resynchronise).await;
        assert_eq!(asked, Expected::Any);
    }
    let store = start(&folder);
    let journal = store.journal();
    assert_eq!(
        order(journal.as_ref(), LinkOrder::Start).await,
        Expected::Any
    );
    assert_eq!(
        repeat(take(journal.as_ref(), message(2, None), 5).await),
        Some(false)
    );
    assert_eq!(
        order(journal.as_ref(), LinkOrder::Start).await,
        Expected::Number(6)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_claim_one_number_at_once_one_takes_it() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    take(journal.as_ref(), message(1, None), 1).await;
    for number in 2..20_u64 {
        let rivals: Vec<_> = (0..8_u64)
            .map(|rival| {
                let journal = Arc::clone(&journal);
                let mut claim = message(1_000 * number + rival, None);
                claim.id = MessageId::from_bytes(digest(b'r', 1_000 * number + rival));
                tokio::runtime::Handle::current()
                    .spawn(async move { take(journal.as_ref(), claim, number).await })
            })
            .collect();
        let mut taken = 0;
        for rival in rivals {
            match rival.await.unwrap() {
                Numbered::Accepted(accepted) => taken += u64::from(!accepted.repeat),
                Numbered::NotExpected(expected) => {
                    assert_eq!(expected, Expected::Number(number + 1));
                }
            }
        }
        assert_eq!(taken, 1, "number {number}");
    }
    assert_eq!(store.backlog().open_intakes(100, &[]).unwrap().len(), 19);
}
