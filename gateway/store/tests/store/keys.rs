//! Keys are on disk before what they sealed, stay wrapped, and are gone when they are destroyed.

use std::collections::HashSet;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::id::SenderId;
use isthmus_core::journal::Backlog;
use isthmus_core::key_ring::{KeyClass, KeyError, KeyOwner, KeyRing};
use isthmus_core::refusal::{Disposition, Reason};
use isthmus_store::store::Store;

use crate::support::{Folder, Numbers, START, accept, contains, master, message, start, subject};

const AT: Timestamp = Timestamp::from_unix_millis(START);
const DAY: i64 = 86_400_000;

fn later(days: i64) -> Timestamp {
    Timestamp::from_unix_millis(START + days * DAY)
}

#[test]
fn a_patient_has_a_key_a_month_and_a_sender_one_a_day() {
    let folder = Folder::new();
    let store = start(&folder);
    let keys = store.store().keys();
    let patient = KeyOwner::Subject(subject(1));
    let key = |owner: &KeyOwner, class, at| keys.sealing_key(owner, class, at).unwrap().id();
    let first = key(&patient, KeyClass::Raw, AT);
    assert_eq!(first, key(&patient, KeyClass::Raw, later(20)));
    assert_ne!(first, key(&patient, KeyClass::Raw, later(40)));
    assert_ne!(first, key(&patient, KeyClass::Delivery, AT));
    assert_ne!(
        first,
        key(&KeyOwner::Subject(subject(2)), KeyClass::Raw, AT)
    );
    let sender = KeyOwner::Sender(SenderId::new("north-lab"));
    assert_ne!(
        key(&sender, KeyClass::Raw, AT),
        key(&sender, KeyClass::Raw, later(1))
    );
    assert_eq!(
        keys.periods(&patient, KeyClass::Raw).unwrap(),
        ["2026-11", "2026-12"]
    );
    assert_eq!(
        keys.periods(&sender, KeyClass::Raw).unwrap(),
        ["2026-11-02", "2026-11-03"]
    );
}

#[tokio::test]
async fn what_a_destroyed_key_sealed_waits_for_a_person() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    for number in 0..4 {
        let sent = message(number, Some(subject(number % 2)));
        accept(journal.as_ref(), sent).await.unwrap();
    }
    let keys = store.store().keys();
    let owner = KeyOwner::Subject(subject(1));
    let key = keys.sealing_key(&owner, KeyClass::Raw, AT).unwrap().id();
    assert_eq!(keys.destroy(&owner, KeyClass::Raw, "2026-11"), Ok(1));
    assert_eq!(keys.destroy(&owner, KeyClass::Raw, "2026-11"), Ok(0));
    assert_eq!(keys.opening_key(key).unwrap_err(), KeyError::Destroyed);
    let open = store.backlog().open_intakes(10, &[]).unwrap();
    for (index, open) in open.iter().enumerate() {
        match &open.message {
            Ok(_message) => assert_eq!(index % 2, 0),
            Err(refusal) => {
                assert_eq!(index % 2, 1);
                assert_eq!(refusal.reason, Reason::Unopenable);
                assert_eq!(refusal.disposition, Disposition::ParkForOperator);
            }
        }
    }
    accept(journal.as_ref(), message(9, Some(subject(1))))
        .await
        .unwrap();
    let open = store.backlog().open_intakes(10, &[]).unwrap();
    assert!(open[4].message.is_ok(), "a new key was made");
    assert_ne!(
        keys.sealing_key(&owner, KeyClass::Raw, AT).unwrap().id(),
        key
    );
}

#[tokio::test]
async fn a_key_that_a_command_destroys_is_not_used_again_by_the_gateway() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    accept(journal.as_ref(), message(1, Some(subject(1))))
        .await
        .unwrap();
    let keys = store.store().keys();
    let owner = KeyOwner::Subject(subject(1));
    let key = keys.sealing_key(&owner, KeyClass::Raw, AT).unwrap().id();
    let command = Store::open(&folder.paths(), &master(1)).unwrap();
    assert_eq!(
        command.keys().destroy(&owner, KeyClass::Raw, "2026-11"),
        Ok(1)
    );
    // The gateway still has the key in memory. A message sealed under it must not be
    // acknowledged and then be lost; sent again, it gets a key that exists.
    let first = accept(journal.as_ref(), message(2, Some(subject(1)))).await;
    let accepted = match first {
        Ok(accepted) => accepted,
        Err(_refused) => accept(journal.as_ref(), message(2, Some(subject(1))))
            .await
            .unwrap(),
    };
    let open = store.backlog().open_intakes(10, &[]).unwrap();
    let open = open
        .iter()
        .find(|open| open.sequence == accepted.sequence)
        .unwrap();
    assert!(open.message.is_ok());
    assert_eq!(keys.opening_key(key).unwrap_err(), KeyError::Destroyed);
}

/// The wrapped bytes of every key, by their number.
fn wrapped_keys(folder: &Folder) -> Vec<(i64, Vec<u8>)> {
    let connection = rusqlite::Connection::open(folder.paths().key_file()).unwrap();
    let read = "SELECT id, wrapped FROM label JOIN slot USING(slot)";
    let mut statement = connection.prepare(read).unwrap();
    let rows = statement
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn the_bytes_of_a_destroyed_key_are_nowhere() {
    let folder = Folder::new();
    let store = start(&folder);
    let journal = store.journal();
    let keys = store.store().keys();
    let mut numbers = Numbers(0x0dd);
    let mut made = 0;
    let mut destroyed: Vec<Vec<u8>> = Vec::new();
    for _round in 0..6 {
        // Together, so that they share a sync.
        let sent = (made..made + 150).map(|number| message(number, Some(subject(number))));
        let commits: Vec<_> = sent
            .map(|sent| {
                let journal = Arc::clone(&journal);
                let commit = async move { accept(journal.as_ref(), sent).await.unwrap() };
                tokio::runtime::Handle::current().spawn(commit)
            })
            .collect();
        for commit in commits {
            commit.await.unwrap();
        }
        made += 150;
        let present = wrapped_keys(&folder);
        for _key in 0..20 {
            let victim = subject(numbers.below(made));
            let owner = KeyOwner::Subject(victim);
            if keys.periods(&owner, KeyClass::Raw).unwrap().is_empty() {
                continue;
            }
            let key = keys.sealing_key(&owner, KeyClass::Raw, AT).unwrap().id();
            let id = i64::try_from(key.0).unwrap();
            let (_id, wrapped) = present.iter().find(|(other, _)| *other == id).unwrap();
            assert_eq!(keys.destroy(&owner, KeyClass::Raw, "2026-11"), Ok(1));
            destroyed.push(wrapped.clone());
        }
        assert_eq!(found_parts(&folder, &destroyed), 0);
    }
    assert!(destroyed.len() > 80);
    let present: Vec<Vec<u8>> = wrapped_keys(&folder)
        .into_iter()
        .map(|(_id, key)| key)
        .collect();
    assert!(
        found_parts(&folder, &present) >= 2 * present.len(),
        "the search finds what is there"
    );
}

/// How often the first and the last sixteen bytes of these stand in any file: a part would show a
/// copy, too.
fn found_parts(folder: &Folder, wrapped: &[Vec<u8>]) -> usize {
    let ends = |key: &Vec<u8>| [key[..16].to_vec(), key[key.len() - 16..].to_vec()];
    let parts: HashSet<Vec<u8>> = wrapped.iter().flat_map(ends).collect();
    folder
        .bytes()
        .windows(16)
        .filter(|window| parts.contains(*window))
        .count()
}

#[tokio::test]
async fn no_message_and_no_plain_key_stands_in_any_file() {
    let folder = Folder::new();
    let token: &[u8] = b"Zzyzx-canary-4711";
    let secret = [0xA5; 32];
    {
        let master = isthmus_store::master_key::MasterKey::new(zeroize::Zeroizing::new(secret));
        let options = isthmus_store::running_store::StoreOptions {
            paths: folder.paths(),
            size_limit: None,
        };
        let store = isthmus_store::running_store::RunningStore::start(&options, &master).unwrap();
        let journal = store.journal();
        for number in 0..50 {
            let mut sent = message(number, (number % 2 == 0).then(|| subject(number)));
            let text = [b"MSH|^~\\&|PID-5 ".as_slice(), token].concat();
            sent.body.bytes = isthmus_core::phi::Phi::new(text.into());
            accept(journal.as_ref(), sent).await.unwrap();
        }
        let consents = store.store().consents();
        let choice = isthmus_core::consent_store::ConsentChoice::OptOut;
        let evidence = std::str::from_utf8(token).unwrap();
        consents
            .set_consent(&subject(1), "newsletter", choice, AT, evidence, &[])
            .unwrap();
        check_files(&folder, token, &secret);
    }
    check_files(&folder, token, &secret);
}

fn check_files(folder: &Folder, token: &[u8], secret: &[u8]) {
    let bytes = folder.bytes();
    assert!(contains(&bytes, b"SQLite format 3"));
    assert!(!contains(&bytes, token));
    assert!(!contains(&bytes, b"PID-5"));
    assert!(!contains(&bytes, b"opt-out"));
    assert!(!contains(&bytes, secret));
}

#[test]
fn tasks_that_ask_at_once_get_one_key() {
    let folder = Folder::new();
    let store = start(&folder);
    let keys = store.store().keys();
    for number in 0..50 {
        let threads: Vec<_> = (0..4)
            .map(|_thread| {
                let keys = Arc::clone(&keys);
                std::thread::spawn(move || {
                    let owner = KeyOwner::Subject(subject(number));
                    keys.sealing_key(&owner, KeyClass::Raw, AT).unwrap().id()
                })
            })
            .collect();
        let ids: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        assert!(ids.iter().all(|id| *id == ids[0]));
    }
}
