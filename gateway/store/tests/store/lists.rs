//! What people are shown: counts that add up, and everything that waits for a person.

use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::id::{FlowId, RecipientId, Sequence};
use isthmus_core::journal::{Decision, Journal, Outcome, Settlement, Step, Unit, Verdict};
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_store::sqlite_journal::SqliteJournal;

use crate::support::{
    Folder, START, accept, conclude, conclusion, contains, delivery, delivery_id, message, start,
    subject,
};

const AT: Timestamp = Timestamp::from_unix_millis(START + 1);

fn mailer() -> RecipientId {
    RecipientId::new("mailer")
}

/// Five messages: one translated with five deliveries, two parked, two open.
async fn fill(journal: &Arc<SqliteJournal>) {
    for number in 1..=5 {
        accept(journal.as_ref(), message(number, None))
            .await
            .unwrap();
    }
    let deliveries = (1..=5).map(|number| delivery(number, &mailer(), subject(number), 9));
    let mut first = conclusion(1, deliveries.collect());
    let decision = |flow, verdict| Decision {
        recipient: mailer(),
        flow: FlowId::new(flow),
        flow_version: 3,
        verdict,
    };
    let unshapeable = Refusal::park(Reason::Unshapeable)
        .at("Patient.name")
        .by("mailer.rmap:3");
    first.decisions = vec![
        decision("reminders", Verdict::Released(5)),
        decision("surveys", Verdict::Withheld("consent")),
        decision("offers", Verdict::Parked(unshapeable)),
    ];
    conclude(journal, first).await;
    for (sequence, reason) in [(2, Reason::NotMapped), (3, Reason::Unmappable)] {
        let mut parked = conclusion(sequence, Vec::new());
        parked.outcome = Outcome::Parked(Refusal::park(reason).at("PV1-2"));
        conclude(journal, parked).await;
    }
    let settle = |number, step| Settlement {
        id: delivery_id(number),
        at: AT,
        step,
        entries: Vec::new(),
    };
    let settlements = vec![
        settle(1, Step::Delivered),
        settle(
            2,
            Step::Retry {
                not_before: AT,
                code: "http-503".to_owned(),
            },
        ),
        settle(3, Step::Park(Reason::RefusedByDestination)),
        settle(5, Step::Withheld("consent")),
    ];
    journal
        .commit(Unit::Settlements(settlements))
        .await
        .unwrap();
}

#[tokio::test]
async fn counts_add_up() {
    let folder = Folder::new();
    let store = start(&folder);
    fill(&store.journal()).await;
    let counts = store.store().summary().unwrap().counts().unwrap();
    assert_eq!((counts.intakes, counts.open), (5, 2));
    let outcomes: Vec<_> = counts
        .outcomes
        .iter()
        .map(|one| (one.kind.as_str(), one.reason.as_deref(), one.count))
        .collect();
    let expected = [
        ("parked", Some("not-mapped"), 1),
        ("parked", Some("unmappable"), 1),
        ("translated", None, 1),
    ];
    assert_eq!(outcomes, expected);
    let deliveries: Vec<_> = counts
        .deliveries
        .iter()
        .map(|one| (one.recipient.as_str(), one.state.as_str(), one.count))
        .collect();
    let states = ["delivered", "parked", "retrying", "waiting", "withheld"];
    let expected = states.map(|state| ("mailer", state, 1));
    assert_eq!(deliveries, expected);
}

#[tokio::test]
async fn what_was_withheld_is_gone_and_noted_with_its_code() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    let secret = [b"what nobody may see".as_slice(), &[b'x'; 100]].concat();
    let mut new = delivery(1, &mailer(), subject(1), 9);
    let grant = new.sealed.grant().clone();
    new.sealed = SealedDisclosure::from_stored(grant, new.sealed.key(), secret.clone());
    conclude(&journal, conclusion(1, vec![new])).await;
    let settlement = Settlement {
        id: delivery_id(1),
        at: AT,
        step: Step::Withheld("agreement-expired"),
        entries: Vec::new(),
    };
    let unit = Unit::Settlements(vec![settlement]);
    journal.commit(unit).await.unwrap();
    let database = rusqlite::Connection::open(folder.paths().database()).unwrap();
    let noted: String = database
        .query_row("SELECT outcome FROM delivered", (), |row| row.get(0))
        .unwrap();
    assert_eq!(noted, "agreement-expired");
    // The log holds the page as it was until it is emptied.
    database
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_row| Ok(()))
        .unwrap();
    assert!(!contains(&folder.bytes(), &secret));
}

#[tokio::test]
async fn what_is_parked_is_listed_in_pages() {
    let folder = Folder::new();
    let store = start(&folder);
    fill(&store.journal()).await;
    let summary = store.store().summary().unwrap();
    let parked = summary.parked(None, 100).unwrap();
    let listed: Vec<_> = parked
        .iter()
        .map(|one| {
            (
                one.sequence.0,
                one.recipient.as_deref(),
                one.reason.as_str(),
            )
        })
        .collect();
    let expected = [
        (1, Some("mailer"), "unshapeable"),
        (1, Some("mailer"), "refused-by-destination"),
        (2, None, "not-mapped"),
        (3, None, "unmappable"),
    ];
    assert_eq!(listed, expected);
    assert_eq!(parked[0].location.as_deref(), Some("Patient.name"));
    assert_eq!(parked[0].rule.as_deref(), Some("mailer.rmap:3"));
    assert_eq!(summary.parked(None, 1).unwrap().len(), 2);
    let next = summary.parked(Some(Sequence(1)), 1).unwrap();
    assert_eq!(next[0].sequence, Sequence(2));
}
