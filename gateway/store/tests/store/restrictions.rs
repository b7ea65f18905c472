//! What holds data back: a withdrawn consent disposes of what is queued, a hold keeps it, and a
//! suppressed address is known whoever has it.

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{ConsentChoice, ConsentStore};
use isthmus_core::delivery_queue::{DeliveryQueue, Draw};
use isthmus_core::hold::Hold;
use isthmus_core::id::{FlowId, RecipientId};
use isthmus_core::journal::{Journal, Settlement, Step, Unit};
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::refusal::Reason;

use crate::support::{
    Folder, START, conclude, conclusion, contains, delivery, delivery_id, queue_of, start, subject,
};

const AT: Timestamp = Timestamp::from_unix_millis(START + 5);

const MANY: Draw = Draw {
    limit: 10,
    consecutive: true,
};

fn mailer() -> RecipientId {
    RecipientId::new("mailer")
}

#[tokio::test]
async fn a_withdrawn_consent_disposes_of_what_is_queued_and_keeps_its_place() {
    let folder = Folder::new();
    let store = start(&folder);
    let secret = [b"what nobody may see".as_slice(), &[b'x'; 100]].concat();
    let mut new: Vec<_> = (1..=3)
        .map(|number| delivery(number, &mailer(), subject(number % 2), 9))
        .collect();
    let grant = new[0].sealed.grant().clone();
    new[0].sealed = SealedDisclosure::from_stored(grant, new[0].sealed.key(), secret.clone());
    conclude(&store.journal(), conclusion(1, new)).await;
    let consents = store.store().consents();
    let say = |flow: &str| {
        let flows = [(mailer(), FlowId::new(flow))];
        let (patient, no) = (subject(1), ConsentChoice::OptOut);
        consents
            .set_consent(&patient, "newsletter", no, AT, "a call", &flows)
            .unwrap();
    };
    let queue = queue_of(&store);
    say("surveys");
    let drawn = queue.next(&mailer(), MANY).await.unwrap();
    assert!(drawn.iter().all(|one| !one.sealed.is_tombstone()));
    let ids: Vec<_> = drawn.iter().map(|one| one.id).collect();
    say("reminders");
    queue.give_back(&mailer(), &ids);
    let drawn = queue.next(&mailer(), MANY).await.unwrap();
    let gone: Vec<_> = drawn
        .iter()
        .map(|one| (one.id, one.sealed.is_tombstone()))
        .collect();
    let expected = [(1, true), (2, false), (3, true)];
    let expected = expected.map(|(number, is_gone)| (delivery_id(number), is_gone));
    let mut in_order = gone;
    in_order.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(in_order, expected);
    let database = rusqlite::Connection::open(folder.paths().database()).unwrap();
    database
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_row| Ok(()))
        .unwrap();
    assert!(!contains(&folder.bytes(), &secret));
}

#[tokio::test]
async fn a_hold_is_known_and_what_it_parked_goes_on_when_it_is_lifted() {
    let folder = Folder::new();
    let store = start(&folder);
    let consents = store.store().consents();
    assert_eq!(consents.view().hold(&subject(1)), Ok(None));
    consents
        .set_hold(&subject(1), Some(Hold::Review), AT)
        .unwrap();
    assert_eq!(consents.view().hold(&subject(1)), Ok(Some(Hold::Review)));
    let new = (1..=2).map(|number| delivery(number, &mailer(), subject(number), 9));
    conclude(&store.journal(), conclusion(1, new.collect())).await;
    let park = |number, reason| Settlement {
        id: delivery_id(number),
        at: AT,
        step: Step::Park(reason),
        entries: Vec::new(),
    };
    let settlements = vec![park(1, Reason::Review), park(2, Reason::Unopenable)];
    let unit = Unit::Settlements(settlements);
    store.journal().commit(unit).await.unwrap();
    consents.set_hold(&subject(1), None, AT).unwrap();
    consents.set_hold(&subject(2), None, AT).unwrap();
    assert_eq!(consents.view().hold(&subject(1)), Ok(None));
    let queue = queue_of(&store);
    let drawn = queue.next(&mailer(), MANY).await.unwrap();
    let ids: Vec<_> = drawn.iter().map(|one| one.id).collect();
    assert_eq!(ids, [delivery_id(1)], "only what the hold had parked");
}

#[tokio::test]
async fn a_hold_that_was_lifted_before_it_parked_parks_nothing() {
    let folder = Folder::new();
    let store = start(&folder);
    let new = vec![delivery(1, &mailer(), subject(1), 9)];
    conclude(&store.journal(), conclusion(1, new)).await;
    let park = Settlement {
        id: delivery_id(1),
        at: AT,
        step: Step::Park(Reason::Restriction),
        entries: Vec::new(),
    };
    store
        .journal()
        .commit(Unit::Settlements(vec![park]))
        .await
        .unwrap();
    let drawn = queue_of(&store).next(&mailer(), MANY).await.unwrap();
    assert_eq!(drawn.len(), 1, "it is due");
}

#[tokio::test]
async fn a_suppressed_address_is_known_whoever_has_it() {
    let folder = Folder::new();
    let store = start(&folder);
    let consents = store.store().consents();
    let digester = store.store().digester();
    let [one, other]: [AddressDigest; 2] =
        ["a@example.org", "b@example.org"].map(|address| digester.address(address));
    assert_eq!(consents.view().is_suppressed(&[one, other]), Ok(false));
    assert!(consents.suppress(&one, AT, "unsubscribe").unwrap());
    assert!(!consents.suppress(&one, AT, "again").unwrap());
    assert_eq!(consents.view().is_suppressed(&[other, one]), Ok(true));
    assert_eq!(consents.view().is_suppressed(&[other]), Ok(false));
    assert_eq!(consents.view().is_suppressed(&[]), Ok(false));
    drop(store);
    let store = start(&folder);
    assert_eq!(
        store.store().consents().view().is_suppressed(&[one]),
        Ok(true)
    );
}
