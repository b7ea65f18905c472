//! Whatever is done to a ledger, its verification names the first entry that it concerns, or the
//! range between two checkpoints in which it stands.

use std::sync::Arc;

use isthmus_core::ledger::leaf_hash;
use isthmus_core::ledger_rows::LedgerRows as _;
use isthmus_ledger::checkpoint::{SignedNote, TreeHead};
use isthmus_ledger::merkle::root_of;
use isthmus_ledger::signing_key::SigningKey;
use isthmus_ledger::verify::{Fault, Report, verify};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use crate::memory_ledger::{MemoryLedger, ORIGIN, key};

/// 30 entries, signed at 10, 20 and 25.
fn ledger() -> Arc<MemoryLedger> {
    let ledger = MemoryLedger::signed_at(&[10, 20, 25]);
    ledger.grow_to(30);
    ledger
}

fn report(ledger: &MemoryLedger, against: Option<&TreeHead>) -> Report {
    verify(ledger, key().verifying(), against, &mut |_entries| {}).unwrap()
}

/// What is said of the ledger after this was done to it: fault, first and last entry.
fn found(change: impl FnOnce(&MemoryLedger)) -> Option<(Fault, u64, u64)> {
    let ledger = ledger();
    change(&ledger);
    finding(&report(&ledger, None))
}

fn finding(report: &Report) -> Option<(Fault, u64, u64)> {
    let finding = report.first_bad.as_ref()?;
    Some((finding.fault, finding.first, finding.last))
}

/// The checkpoint over 25 entries, as it was exported before anything was done.
fn export(ledger: &MemoryLedger) -> TreeHead {
    let last = ledger.last_checkpoint().unwrap().unwrap();
    let note = SignedNote::parse(&last.note).unwrap();
    note.open(key().verifying()).unwrap().clone()
}

#[test]
fn a_whole_ledger_is_found_whole() {
    let ledger = ledger();
    let mut told = Vec::new();
    let report = verify(&*ledger, key().verifying(), None, &mut |count| {
        told.push(count);
    });
    let root = root_of(&ledger.leaves(0, 30).unwrap());
    let expected = Report {
        entries: 30,
        checkpoints: 3,
        signed: 25,
        first_bad: None,
        root,
    };
    assert_eq!(report, Ok(expected));
    assert_eq!(told, [30]);
    assert_eq!(
        finding(&self::report(&ledger, Some(&export(&ledger)))),
        None
    );
    let empty = self::report(&MemoryLedger::default(), None);
    assert_eq!((empty.entries, finding(&empty)), (0, None));
    let json = serde_json::to_value(&empty).unwrap();
    assert_eq!(json["root"].as_str().unwrap().len(), 64);
}

#[test]
fn a_flipped_byte_of_a_line_or_a_hash_is_named() {
    for place in [0, 13, 27] {
        let line = found(|ledger| {
            let row = &mut ledger.rows.lock().unwrap()[place];
            row.line = row.line.replacen("outcome", "outcomf", 1);
        });
        let leaf = found(|ledger| ledger.rows.lock().unwrap()[place].leaf[31] ^= 1);
        let number = found(|ledger| {
            let row = &mut ledger.rows.lock().unwrap()[place];
            row.line = row.line.replacen(&format!(":{place},"), ":5,", 1);
        });
        let place = place as u64;
        assert_eq!(line, Some((Fault::Flipped, place, place)));
        assert_eq!(leaf, Some((Fault::Flipped, place, place)));
        assert_eq!(number, Some((Fault::Flipped, place, place)));
    }
}

#[test]
fn dropped_rows_are_named() {
    let one = found(|ledger| drop(ledger.rows.lock().unwrap().remove(0)));
    assert_eq!(one, Some((Fault::Dropped, 0, 0)));
    let several = found(|ledger| drop(ledger.rows.lock().unwrap().drain(9..12)));
    assert_eq!(several, Some((Fault::Dropped, 9, 11)));
    // Behind the last checkpoint, too.
    let unsigned = found(|ledger| drop(ledger.rows.lock().unwrap().remove(28)));
    assert_eq!(unsigned, Some((Fault::Dropped, 28, 28)));
}

#[test]
fn dropped_rows_are_named_where_the_others_moved_up() {
    let moved = found(|ledger| {
        let mut rows = ledger.rows.lock().unwrap();
        rows.remove(12);
        for (place, row) in rows.iter_mut().enumerate() {
            row.place = place as u64;
        }
    });
    assert_eq!(moved, Some((Fault::Reordered, 12, 12)));
}

#[test]
fn swapped_rows_are_named() {
    let whole = found(|ledger| {
        let mut rows = ledger.rows.lock().unwrap();
        rows.swap(14, 17);
        (rows[14].place, rows[17].place) = (14, 17);
    });
    assert_eq!(whole, Some((Fault::Reordered, 14, 14)));
    let lines = found(|ledger| {
        let mut rows = ledger.rows.lock().unwrap();
        let line = std::mem::take(&mut rows[14].line);
        let other = std::mem::replace(&mut rows[17].line, line);
        rows[14].line = other;
    });
    assert_eq!(lines, Some((Fault::Reordered, 14, 14)));
}

#[test]
fn a_row_that_comes_twice_is_named() {
    let twice = found(|ledger| {
        let mut rows = ledger.rows.lock().unwrap();
        let row = rows[6].clone();
        rows.insert(7, row);
    });
    assert_eq!(twice, Some((Fault::Reordered, 6, 6)));
}

#[test]
fn taken_ends_are_named_while_their_checkpoints_are_there() {
    let cut = found(|ledger| ledger.rows.lock().unwrap().truncate(18));
    assert_eq!(cut, Some((Fault::Truncated, 18, 24)));
    let all = found(|ledger| ledger.rows.lock().unwrap().clear());
    assert_eq!(all, Some((Fault::Truncated, 0, 24)));
}

#[test]
fn ends_taken_together_with_their_checkpoints_are_named_against_an_export() {
    let ledger = ledger();
    let export = export(&ledger);
    ledger.rows.lock().unwrap().truncate(20);
    ledger.checkpoints.lock().unwrap().truncate(2);
    assert_eq!(finding(&report(&ledger, None)), None, "nobody can know");
    let against = report(&ledger, Some(&export));
    assert_eq!(finding(&against), Some((Fault::Truncated, 20, 24)));
    assert_eq!((against.entries, against.signed), (20, 20));
    // Others take their place, and the gateway itself signs them.
    ledger.grow_to(24);
    ledger.sign_anew().unwrap();
    ledger.grow_to(40);
    ledger.sign_anew().unwrap();
    assert_eq!(finding(&report(&ledger, None)), None, "nobody can know");
    let against = report(&ledger, Some(&export));
    assert_eq!(finding(&against), Some((Fault::Rewritten, 24, 24)));
}

#[test]
fn checkpoints_that_are_gone_are_named_against_an_export() {
    let ledger = ledger();
    let export = export(&ledger);
    ledger.checkpoints.lock().unwrap().truncate(1);
    let report = report(&ledger, Some(&export));
    assert_eq!(finding(&report), Some((Fault::Unsigned, 10, 24)));
    assert_eq!((report.entries, report.checkpoints), (30, 1));
}

#[test]
fn entries_that_were_rewritten_with_their_hashes_are_named_by_range() {
    let rewrite = |place: usize| {
        move |ledger: &MemoryLedger| {
            let row = &mut ledger.rows.lock().unwrap()[place];
            row.line = row.line.replacen("outcome", "outcomf", 1);
            row.leaf = leaf_hash(&row.line);
        }
    };
    assert_eq!(found(rewrite(3)), Some((Fault::Rewritten, 0, 9)));
    assert_eq!(found(rewrite(13)), Some((Fault::Rewritten, 10, 19)));
    assert_eq!(found(rewrite(24)), Some((Fault::Rewritten, 20, 24)));
    // Nobody has signed this one yet.
    assert_eq!(found(rewrite(25)), None);
}

#[test]
fn forged_checkpoints_are_named() {
    let other = SigningKey::from_seed(ORIGIN, &[8; 32]).unwrap();
    let forged = found(|ledger| {
        let row = &mut ledger.checkpoints.lock().unwrap()[1];
        row.note = SignedNote::sign(row.size, row.root, &other).to_string();
    });
    assert_eq!(forged, Some((Fault::Resigned, 10, 19)));
    // Rewritten, and signed so with another key.
    let forged = found(|ledger| {
        let mut rows = ledger.rows.lock().unwrap();
        rows[24].line = rows[24].line.replacen("outcome", "outcomf", 1);
        rows[24].leaf = leaf_hash(&rows[24].line);
        let leaves: Vec<_> = rows.iter().take(25).map(|row| row.leaf).collect();
        let row = &mut ledger.checkpoints.lock().unwrap()[2];
        row.root = root_of(&leaves);
        row.note = SignedNote::sign(25, row.root, &other).to_string();
    });
    assert_eq!(forged, Some((Fault::Resigned, 20, 24)));
    let beyond = found(|ledger| {
        let mut checkpoints = ledger.checkpoints.lock().unwrap();
        let mut row = checkpoints[2].clone();
        row.size = 35;
        checkpoints.push(row);
    });
    assert_eq!(beyond, Some((Fault::Resigned, 25, 34)));
    let root = found(|ledger| ledger.checkpoints.lock().unwrap()[0].root[0] ^= 1);
    assert_eq!(root, Some((Fault::Resigned, 0, 9)));
    let broken = found(|ledger| ledger.checkpoints.lock().unwrap()[0].note.truncate(9));
    assert_eq!(broken, Some((Fault::Resigned, 0, 9)));
}

#[test]
fn a_finding_says_it_in_words() {
    let ledger = ledger();
    ledger.rows.lock().unwrap().remove(12);
    let json = serde_json::to_value(report(&ledger, None)).unwrap();
    assert_eq!(json["entries"], 12);
    let finding = serde_json::json!({
        "fault": "dropped", "first": 12, "last": 12, "text": "entry 12 is missing"
    });
    assert_eq!(json["first_bad"], finding);
}

proptest! {
    /// Any bit of any line or hash: the entry is named, whatever the bit makes of it.
    #[test]
    fn every_bit_of_every_row_counts(place in 0_usize..30, bit in any::<u32>(), of_hash: bool) {
        let ledger = ledger();
        let mut rows = ledger.rows.lock().unwrap();
        let row = &mut rows[place];
        let mut bytes = if of_hash { row.leaf.to_vec() } else { row.line.clone().into_bytes() };
        let at = bit as usize % (bytes.len() * 7);
        bytes[at / 7] ^= 1 << (at % 7);
        if of_hash {
            row.leaf = bytes.try_into().unwrap();
        } else {
            row.line = String::from_utf8(bytes).unwrap();
        }
        drop(rows);
        let report = report(&ledger, None);
        prop_assert!(report.first_bad.is_some());
        prop_assert_eq!(finding(&report), Some((Fault::Flipped, place as u64, place as u64)));
    }
}
