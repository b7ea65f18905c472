//! The loop signs what was committed, at most as often as it may, goes on after a restart where it
//! stopped, and signs nothing on a ledger that is not what it signed.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_core::journal::JournalError;
use isthmus_core::ledger::leaf_hash;
use isthmus_core::ledger_rows::LedgerRows as _;
use isthmus_ledger::checkpoint::{NoteError, SignedNote, opened};
use isthmus_ledger::checkpoint_loop::CheckpointError;
use isthmus_ledger::merkle::root_of;
use isthmus_ledger::signing_key::SigningKey;

use crate::memory_ledger::{EVERY, Machine, MemoryLedger, ORIGIN, key, run};

#[test]
fn what_was_committed_is_signed_once_in_a_while() {
    let ledger = Arc::new(MemoryLedger::default());
    let waits = Arc::new(Mutex::new(Vec::new()));
    let (grows, noted) = (Arc::clone(&ledger), Arc::clone(&waits));
    let mut sizes = [3, 3, 9000, 9001].into_iter();
    let machine = Arc::new(Machine(Mutex::new(Some(Box::new(move |time| {
        if time.is_zero() {
            return;
        }
        noted.lock().unwrap().push(time);
        let size = sizes.next();
        if size.is_none() {
            grows
                .refusals
                .lock()
                .unwrap()
                .push_back(JournalError::Closed);
        }
        grows.grow_to(size.unwrap_or(9002));
    })))));
    let why = run(ledger.signing(&machine).run());
    assert_eq!(why, CheckpointError::Journal(JournalError::Closed));
    assert_eq!(ledger.signed_sizes(), [3, 9000, 9001]);
    assert_eq!(*waits.lock().unwrap(), [EVERY; 5]);
    for checkpoint in ledger.checkpoints().unwrap() {
        let head = opened(&checkpoint, key().verifying()).unwrap();
        let size = usize::try_from(head.size).unwrap();
        assert_eq!(head.root, root_of(&ledger.leaves(0, size).unwrap()));
    }
}

#[test]
fn the_end_of_a_run_signs_the_rest_and_a_restart_goes_on() {
    let ledger = MemoryLedger::signed_at(&[5, 5000]);
    assert_eq!(ledger.signed_sizes(), [5, 5000]);
    let same = ledger.sign_anew().unwrap();
    assert_eq!(same.map(|one| one.size), Some(5000));
    assert_eq!(
        ledger.signed_sizes(),
        [5, 5000],
        "nothing new, nothing signed"
    );
    ledger.grow_to(5001);
    let next = ledger.sign_anew().unwrap().unwrap();
    assert_eq!(next.root, root_of(&ledger.leaves(0, 5001).unwrap()));
    assert_eq!(ledger.signed_sizes(), [5, 5000, 5001]);
}

#[test]
fn an_empty_ledger_is_not_signed() {
    let ledger = Arc::new(MemoryLedger::default());
    assert_eq!(ledger.sign_anew(), Ok(None));
}

#[test]
fn a_full_store_is_asked_again() {
    let ledger = Arc::new(MemoryLedger::default());
    ledger.grow_to(2);
    let full = [JournalError::Full, JournalError::Full];
    ledger.refusals.lock().unwrap().extend(full);
    let closes = Arc::clone(&ledger);
    let mut waits = 0;
    let machine = Arc::new(Machine(Mutex::new(Some(Box::new(
        move |_time: Duration| {
            waits += 1;
            if waits == 3 {
                closes.grow_to(3);
                closes
                    .refusals
                    .lock()
                    .unwrap()
                    .push_back(JournalError::Closed);
            }
        },
    )))));
    let why = run(ledger.signing(&machine).run());
    assert_eq!(why, CheckpointError::Journal(JournalError::Closed));
    assert_eq!(ledger.signed_sizes(), [2]);
}

#[test]
fn a_run_that_is_dropped_at_its_commit_is_taken_up_again() {
    let ledger = Arc::new(MemoryLedger::default());
    let mut signing = ledger.signing(&Arc::default());
    ledger.grow_to(5);
    ledger.is_mute.store(true, Ordering::Relaxed);
    run(async {
        let cut_off = tokio::time::timeout(Duration::from_millis(1), signing.run()).await;
        assert!(cut_off.is_err());
        let last = signing.sign_now().await.unwrap();
        assert_eq!(last.map(|one| one.size), Some(5));
        ledger.grow_to(7);
        signing.sign_now().await.unwrap();
    });
    assert_eq!(ledger.signed_sizes(), [5, 7]);
}

/// What a start says to a ledger of 10 entries, signed at 4 and 8, that was changed so.
fn refusal(change: impl FnOnce(&MemoryLedger)) -> CheckpointError {
    let ledger = MemoryLedger::signed_at(&[4, 8]);
    ledger.grow_to(10);
    change(&ledger);
    let signed = ledger.signed_sizes();
    let why = run(ledger.signing(&Arc::default()).run());
    assert_eq!(ledger.signed_sizes(), signed, "nothing more is signed");
    why
}

#[test]
fn a_ledger_that_was_tampered_with_is_not_signed_on() {
    let rewritten = refusal(|ledger| {
        let mut rows = ledger.rows.lock().unwrap();
        rows[2].line = rows[2].line.replace("crm", "crn");
        rows[2].leaf = leaf_hash(&rows[2].line);
    });
    assert_eq!(rewritten, CheckpointError::RootDiffers { size: 8 });
    let dropped = refusal(|ledger| drop(ledger.rows.lock().unwrap().remove(2)));
    assert_eq!(dropped, CheckpointError::Gap { from: 0 });
    let dropped_unsigned = refusal(|ledger| drop(ledger.rows.lock().unwrap().remove(8)));
    assert_eq!(dropped_unsigned, CheckpointError::Gap { from: 8 });
    let truncated = refusal(|ledger| ledger.rows.lock().unwrap().truncate(7));
    assert_eq!(
        truncated,
        CheckpointError::Truncated {
            found: 7,
            signed: 8
        }
    );
    let forged = refusal(|ledger| {
        let other = SigningKey::from_seed(ORIGIN, &[8; 32]).unwrap();
        let mut checkpoints = ledger.checkpoints.lock().unwrap();
        checkpoints[1].note = SignedNote::sign(8, checkpoints[1].root, &other).to_string();
    });
    let why = NoteError::UnknownKey;
    assert_eq!(forged, CheckpointError::NotOurs { size: 8, why });
}

#[test]
fn a_ledger_that_shrinks_under_the_loop_is_not_signed_on() {
    let ledger = Arc::new(MemoryLedger::default());
    let mut signing = ledger.signing(&Arc::default());
    ledger.grow_to(10);
    run(signing.sign_now()).unwrap();
    ledger.rows.lock().unwrap().truncate(9);
    let why = run(signing.sign_now()).unwrap_err();
    assert_eq!(
        why,
        CheckpointError::Truncated {
            found: 9,
            signed: 10
        }
    );
}
