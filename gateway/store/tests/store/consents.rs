//! The newest word of a patient counts, at once and for every process.

use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentChoice, ConsentStore};
use isthmus_core::key_ring::{KeyClass, KeyOwner};
use isthmus_store::error::StoreError;
use isthmus_store::store::Store;

use crate::support::{Folder, START, after, master, subject};

#[test]
fn the_newest_word_counts_and_every_word_is_kept() {
    let folder = Folder::new();
    let store = Store::open(&folder.paths(), &master(1)).unwrap();
    let consents = store.consents();
    let at = Timestamp::from_unix_millis(START);
    assert_eq!(consents.view().consent(&subject(1), "newsletter"), Ok(None));
    let set = |category, choice, at, evidence| {
        consents
            .set_consent(&subject(1), category, choice, at, evidence, &[])
            .unwrap()
    };
    assert_eq!(set("newsletter", ConsentChoice::OptIn, at, "form 3"), 1);
    assert_eq!(set("surveys", ConsentChoice::OptOut, at, ""), 1);
    assert_eq!(
        set(
            "newsletter",
            ConsentChoice::OptOut,
            after(at, 9),
            "call\nof the 2nd"
        ),
        2
    );
    let newest = Consent {
        choice: ConsentChoice::OptOut,
        version: 2,
        recorded_at: after(at, 9),
    };
    assert_eq!(
        consents.view().consent(&subject(1), "newsletter"),
        Ok(Some(newest))
    );
    assert_eq!(consents.view().consent(&subject(2), "newsletter"), Ok(None));
    drop(store);
    let again = Store::open(&folder.paths(), &master(1)).unwrap();
    let all = again.consents().consents(&subject(1)).unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|one| {
            (
                one.category.as_str(),
                one.consent.version,
                one.evidence.reveal().as_str(),
            )
        })
        .collect();
    let expected = [
        ("newsletter", 1, "form 3"),
        ("newsletter", 2, "call\nof the 2nd"),
        ("surveys", 1, ""),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_word_whose_key_is_gone_is_an_error_until_there_is_a_new_one() {
    let folder = Folder::new();
    let store = Store::open(&folder.paths(), &master(1)).unwrap();
    let consents = store.consents();
    let at = Timestamp::from_unix_millis(START);
    let set = |choice| {
        consents
            .set_consent(&subject(1), "newsletter", choice, at, "", &[])
            .unwrap()
    };
    set(ConsentChoice::OptOut);
    let owner = KeyOwner::Subject(subject(1));
    assert_eq!(
        store.keys().destroy(&owner, KeyClass::Consent, "2026-11"),
        Ok(1)
    );
    consents
        .view()
        .consent(&subject(1), "newsletter")
        .unwrap_err();
    assert_eq!(set(ConsentChoice::OptIn), 2);
    assert_eq!(
        consents
            .view()
            .consent(&subject(1), "newsletter")
            .unwrap()
            .unwrap()
            .version,
        2
    );
}

#[test]
fn what_is_too_long_is_not_recorded() {
    let folder = Folder::new();
    let store = Store::open(&folder.paths(), &master(1)).unwrap();
    let at = Timestamp::from_unix_millis(START);
    let long = "x".repeat(5_000);
    for (category, evidence) in [("newsletter", long.as_str()), (long.as_str(), "")] {
        let choice = ConsentChoice::OptIn;
        let refused =
            store
                .consents()
                .set_consent(&subject(1), category, choice, at, evidence, &[]);
        assert!(matches!(refused, Err(StoreError::TooLong { .. })));
    }
    assert!(store.consents().consents(&subject(1)).unwrap().is_empty());
}
