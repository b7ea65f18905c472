//! People read the entries that they ask for, with what is said of a patient while its key is
//! there; destroying a key takes nothing from the tree.

use isthmus_core::id::RecipientId;
use isthmus_core::ledger::LedgerEvent;
use isthmus_ledger::verify::verify;
use isthmus_ledger::view::{EntryFilter, EntryView, Viewed, view};
use serde_json::{Value, json};

use crate::entries::{Ring, patient};
use crate::memory_ledger::{MemoryLedger, key};

fn read(ledger: &MemoryLedger, ring: &Ring, filter: &EntryFilter) -> (Vec<EntryView>, Viewed) {
    let mut entries = Vec::new();
    let viewed = view(ledger, ring, filter, &mut |entry| {
        entries.push(entry);
        true
    });
    (entries, viewed.unwrap())
}

fn places(filter: &EntryFilter) -> Vec<u64> {
    let ledger = MemoryLedger::signed_at(&[20]);
    let (entries, viewed) = read(&ledger, &Ring::default(), filter);
    assert_eq!(viewed.shown, entries.len() as u64);
    entries.iter().map(|entry| entry.entry).collect()
}

#[test]
fn an_entry_shows_what_it_says() {
    let ledger = MemoryLedger::signed_at(&[5]);
    let (entries, _viewed) = read(&ledger, &Ring::default(), &EntryFilter::default());
    let json = |at: usize| serde_json::to_value(&entries[at]).unwrap();
    let decision = json!({
        "entry": 1, "at": "2026-09-21T14:13:20.001Z", "event": "decision", "outcome": "released",
        "recipient": "marketing", "flow": "contacts", "flow_version": 2, "purpose": "HOPERAT",
        "policy": "01".repeat(32), "consent_version": 3,
        "subject": {
            "subject": "01".repeat(16), "message": "2", "delivery": "03".repeat(16),
            "released": ["person_id"], "withheld": ["Patient.address"], "sha256": "04".repeat(32),
        },
    });
    assert_eq!(json(1), decision);
    let ruling = json!({
        "entry": 4, "at": "2026-09-21T14:13:20.004Z", "event": "ruling", "outcome": "dropped",
        "by": "an operator", "why": "the \"clinic\" sent it twice",
    });
    assert_eq!(json(4), ruling);
}

#[test]
fn entries_are_found_by_what_is_asked() {
    let all = EntryFilter::default();
    assert_eq!(places(&all), (0..20).collect::<Vec<_>>());
    let (from, to) = (Some(3), Some(5));
    assert_eq!(
        places(&EntryFilter {
            from,
            to,
            ..all.clone()
        }),
        [3, 4, 5]
    );
    let event = Some(LedgerEvent::Ruling);
    assert_eq!(
        places(&EntryFilter {
            event,
            ..all.clone()
        }),
        [4, 14]
    );
    let recipient = Some(RecipientId::new("crm"));
    let filter = EntryFilter {
        recipient,
        to: Some(7),
        ..all.clone()
    };
    assert_eq!(places(&filter), [0, 2, 6]);
    let outcome = Some(String::from("dropped"));
    assert_eq!(
        places(&EntryFilter {
            outcome,
            ..all.clone()
        }),
        [4, 14]
    );
    let subject = Some(patient(2));
    assert_eq!(places(&EntryFilter { subject, ..all }), [2, 5, 8, 11, 17]);
}

#[test]
fn a_destroyed_key_closes_its_patient_and_nothing_else() {
    let (ledger, ring) = (MemoryLedger::signed_at(&[10, 20]), Ring::default());
    ring.destroy(&patient(1));
    let (entries, viewed) = read(&ledger, &ring, &EntryFilter::default());
    assert_eq!(
        viewed,
        Viewed {
            shown: 20,
            closed: 0,
            unreadable: 0
        }
    );
    let subject = |at: usize| serde_json::to_value(&entries[at]).unwrap()["subject"].clone();
    assert_eq!(subject(1), "destroyed");
    assert_eq!(subject(7), "destroyed");
    assert_eq!(subject(2)["subject"], "02".repeat(16));
    assert_eq!(subject(4), Value::Null);
    // Whoever is asked for, entries that do not open could be about them.
    let subject = Some(patient(2));
    let (_entries, viewed) = read(
        &ledger,
        &ring,
        &EntryFilter {
            subject,
            ..<_>::default()
        },
    );
    assert_eq!(
        viewed,
        Viewed {
            shown: 5,
            closed: 6,
            unreadable: 0
        }
    );
    let report = verify(&*ledger, key().verifying(), None, &mut |_entries| {}).unwrap();
    assert_eq!((report.first_bad, report.signed), (None, 20));
}

#[test]
fn damaged_entries_are_counted_and_do_not_stop_the_reading() {
    let ledger = MemoryLedger::signed_at(&[6]);
    let mut rows = ledger.rows.lock().unwrap();
    rows[0].line.pop();
    let closing = rows[1].line.len() - 3;
    rows[1].line.replace_range(closing..=closing, "x");
    drop(rows);
    let (entries, viewed) = read(&ledger, &Ring::default(), &EntryFilter::default());
    assert_eq!(
        viewed,
        Viewed {
            shown: 5,
            closed: 0,
            unreadable: 1
        }
    );
    assert_eq!(
        serde_json::to_value(&entries[0]).unwrap()["subject"],
        "damaged"
    );
}
