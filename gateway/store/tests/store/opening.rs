//! Who may open a store: one gateway, with the right master key and key file; commands beside it.

use std::os::unix::fs::PermissionsExt;

use isthmus_core::application_answers::OwedAnswers;
use isthmus_core::consent_store::{ConsentChoice, ConsentStore};
use isthmus_core::delivery_queue::{DeliveryQueue as _, Draw};
use isthmus_core::id::{RecipientId, SenderId};
use isthmus_core::journal::Backlog;
use isthmus_store::error::StoreError;
use isthmus_store::running_store::{RunningStore, StoreOptions};
use isthmus_store::store::Store;

use crate::support::{
    Folder, START, accept, after, answered, conclude, conclusion, delivery, delivery_id, master,
    message, queue_of, start, subject,
};

fn options(folder: &Folder) -> StoreOptions {
    StoreOptions {
        paths: folder.paths(),
        size_limit: None,
    }
}

#[test]
fn a_second_gateway_is_refused_and_told_the_lock_file() {
    let folder = Folder::new();
    let first = start(&folder);
    let refused = RunningStore::start(&options(&folder), &master(1)).unwrap_err();
    assert!(matches!(&refused, StoreError::InUse(lock) if *lock == folder.paths().lock_file()));
    assert!(refused.to_string().contains("isthmus.lock"));
    drop(first);
    RunningStore::start(&options(&folder), &master(1)).expect("the lock was given up");
}

#[tokio::test]
async fn a_command_works_beside_the_gateway() {
    let folder = Folder::new();
    let running = start(&folder);
    let command = Store::open(&folder.paths(), &master(1)).unwrap();
    let at = after(isthmus_core::clock::Timestamp::from_unix_millis(START), 5);
    let consents = command.consents();
    consents
        .set_consent(
            &subject(1),
            "newsletter",
            ConsentChoice::OptIn,
            at,
            "form 3",
            &[],
        )
        .unwrap();
    let seen = running
        .store()
        .consents()
        .view()
        .consent(&subject(1), "newsletter")
        .unwrap()
        .unwrap();
    assert_eq!(seen.choice, ConsentChoice::OptIn);
    accept(running.journal().as_ref(), message(1, Some(subject(1))))
        .await
        .unwrap();
    assert_eq!(command.summary().unwrap().counts().unwrap().intakes, 1);
    assert_eq!(
        command.digester().control_id(&SenderId::new("x"), b"1"),
        running
            .store()
            .digester()
            .control_id(&SenderId::new("x"), b"1"),
    );
}

#[tokio::test]
async fn a_wrong_master_key_is_told_and_changes_nothing() {
    let folder = Folder::new();
    {
        let store = start(&folder);
        accept(store.journal().as_ref(), message(1, None))
            .await
            .unwrap();
    }
    let key_file = folder.paths().key_file().to_owned();
    let before = std::fs::read(&key_file).unwrap();
    let refused = RunningStore::start(&options(&folder), &master(2)).unwrap_err();
    assert!(matches!(refused, StoreError::WrongMasterKey(path) if path == key_file));
    assert_eq!(std::fs::read(&key_file).unwrap(), before);
    let store = start(&folder);
    let open = store.backlog().open_intakes(10, &[]).unwrap();
    assert!(open[0].message.is_ok());
}

#[tokio::test]
async fn a_key_file_that_is_missing_or_another_stores_is_refused() {
    let (folder, other) = (Folder::new(), Folder::new());
    drop(start(&folder));
    drop(start(&other));
    let key_file = folder.paths().key_file().to_owned();
    let foreign = folder.paths().with_key_file(other.paths().key_file());
    let refused = Store::open(&foreign, &master(1)).unwrap_err();
    assert!(matches!(refused, StoreError::ForeignKeyFile { .. }));
    std::fs::remove_file(&key_file).unwrap();
    let refused = Store::open(&folder.paths(), &master(1)).unwrap_err();
    assert!(matches!(refused, StoreError::KeyFileMissing { .. }));
    assert!(!key_file.exists());
}

#[test]
fn a_later_release_s_files_are_left_alone() {
    let folder = Folder::new();
    drop(start(&folder));
    for file in [
        folder.paths().database(),
        folder.paths().key_file().to_owned(),
    ] {
        let connection = rusqlite::Connection::open(&file).unwrap();
        let version: i64 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = Store::open(&folder.paths(), &master(1)).unwrap_err();
        assert!(refused.to_string().contains("schema version 99"));
        assert!(matches!(refused, StoreError::NewerSchema { file: named, .. } if named == file));
        connection
            .pragma_update(None, "user_version", version)
            .unwrap();
    }
}

#[test]
fn files_are_for_their_owner_alone() {
    let folder = Folder::new();
    let _store = start(&folder);
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for inside in [folder.path().to_owned(), folder.path().join("keys")] {
        assert_eq!(mode(&inside), 0o700);
        for file in std::fs::read_dir(&inside).unwrap() {
            let file = file.unwrap().path();
            if file.is_file() {
                assert_eq!(mode(&file), 0o600, "{}", file.display());
            }
        }
    }
}

#[tokio::test]
async fn an_earlier_release_s_store_is_brought_up_and_keeps_what_it_holds() {
    let folder = Folder::new();
    {
        let store = start(&folder);
        let recipient = RecipientId::new("crm");
        let new = delivery(1, &recipient, subject(1), 50);
        conclude(&store.journal(), conclusion(1, vec![new])).await;
    }
    let database = rusqlite::Connection::open(folder.paths().database()).unwrap();
    let to_version_2 = "DROP TABLE owed_acknowledgement;
        DROP INDEX delivery_urgent;
        ALTER TABLE delivery DROP COLUMN urgent;
        DROP TABLE link;
        PRAGMA user_version = 2;";
    database.execute_batch(to_version_2).unwrap();
    let tables = |connection: &rusqlite::Connection| {
        let read = "SELECT sql FROM sqlite_schema WHERE name IN ('delivery_urgent', 'link',
            'owed_acknowledgement', 'owed_acknowledgement_sender') ORDER BY name";
        let mut read = connection.prepare(read).unwrap();
        let rows = read.query_map((), |row| row.get::<_, String>(0)).unwrap();
        rows.map(|row| row.unwrap().split_whitespace().collect::<String>())
            .collect::<Vec<_>>()
    };
    assert!(tables(&database).is_empty());
    let store = start(&folder);
    let fresh = Folder::new();
    let _new = start(&fresh);
    let new = rusqlite::Connection::open(fresh.paths().database()).unwrap();
    assert_eq!(tables(&database), tables(&new));
    let queue = queue_of(&store);
    let draw = Draw {
        limit: 10,
        consecutive: false,
    };
    let drawn = queue.next(&RecipientId::new("crm"), draw).await.unwrap();
    assert_eq!(drawn[0].id, delivery_id(1));
    assert!(!drawn[0].urgent);
}

#[tokio::test]
async fn a_store_without_owed_answers_is_brought_up_and_then_keeps_them() {
    let folder = Folder::new();
    {
        let store = start(&folder);
        accept(store.journal().as_ref(), message(1, None))
            .await
            .unwrap();
    }
    let database = rusqlite::Connection::open(folder.paths().database()).unwrap();
    let to_version_3 = "DROP TABLE owed_acknowledgement; PRAGMA user_version = 3;";
    database.execute_batch(to_version_3).unwrap();
    drop(database);
    let store = start(&folder);
    let open = store.backlog().open_intakes(10, &[]).unwrap();
    assert!(open[0].message.is_ok(), "what it held is there");
    let answered = answered(conclusion(1, Vec::new()), "A1");
    conclude(&store.journal(), answered).await;
    assert_eq!(
        store.owed_answers().senders().unwrap(),
        [SenderId::new("north")]
    );
}
