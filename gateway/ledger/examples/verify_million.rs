//! Measures how long it takes to verify a ledger, one checkpoint for every thousand entries, and to
//! rebuild its tree at a start. Lines are written anew for each pass, which stands for the reading
//! of rows and is also measured alone. No promise is tested here, and no figure is a gate.
//!
//! `cargo run --release -p isthmus-ledger --example verify_million -- [ENTRIES]`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a measurement may be blunt"
)]

use std::time::Instant;

use isthmus_core::clock::Timestamp;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, FlowId, RecipientId, Sequence, SubjectKey};
use isthmus_core::journal::Checkpoint;
use isthmus_core::key_ring::{KeyId, SealingKey};
use isthmus_core::ledger::{
    LeafHash, LedgerEntry, LedgerEvent, LedgerFact, LedgerSubject, LedgerTerms, leaf_hash,
};
use isthmus_core::ledger_rows::{LedgerRow, LedgerRows, LedgerUnreadable};
use isthmus_ledger::checkpoint::SignedNote;
use isthmus_ledger::merkle::{Frontier, root_of};
use isthmus_ledger::signing_key::SigningKey;
use isthmus_ledger::verify::verify;

/// Entries between two checkpoints.
const SIGNED_EVERY: u64 = 1000;

/// Entries that come again and again, each at its own place.
struct Streamed {
    entries: Vec<LedgerEntry>,
    leaves: Vec<LeafHash>,
    checkpoints: Vec<Checkpoint>,
}

impl Streamed {
    fn new(count: u64, key: &SigningKey) -> Self {
        let mut streamed = Self {
            entries: (0..64).map(entry).collect(),
            leaves: Vec::new(),
            checkpoints: Vec::new(),
        };
        let mut tree = Frontier::default();
        for place in 0..count {
            let leaf = leaf_hash(&streamed.line(place));
            streamed.leaves.push(leaf);
            tree.append(leaf);
            if tree.size().is_multiple_of(SIGNED_EVERY) {
                let (size, root) = (tree.size(), tree.root());
                let note = SignedNote::sign(size, root, key).to_string();
                streamed.checkpoints.push(Checkpoint { size, root, note });
            }
        }
        streamed
    }

    fn line(&self, place: u64) -> String {
        let at = usize::try_from(place).unwrap() % self.entries.len();
        self.entries[at].at(place)
    }
}

impl LedgerRows for Streamed {
    fn size(&self) -> Result<u64, LedgerUnreadable> {
        Ok(self.leaves.len() as u64)
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<LeafHash>, LedgerUnreadable> {
        let leaves = self.leaves.iter().skip(usize::try_from(from).unwrap());
        Ok(leaves.take(limit).copied().collect())
    }

    fn for_each(&self, each: &mut dyn FnMut(LedgerRow) -> bool) -> Result<(), LedgerUnreadable> {
        let _done = (0..).zip(&self.leaves).all(|(place, leaf)| {
            let (leaf, line) = (*leaf, self.line(place));
            each(LedgerRow { place, leaf, line })
        });
        Ok(())
    }

    fn checkpoints(&self) -> Result<Vec<Checkpoint>, LedgerUnreadable> {
        Ok(self.checkpoints.clone())
    }

    fn last_checkpoint(&self) -> Result<Option<Checkpoint>, LedgerUnreadable> {
        Ok(self.checkpoints.last().cloned())
    }

    fn grown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// A decision with a patient's part, of about 600 bytes and more.
fn entry(number: u8) -> LedgerEntry {
    let key = SealingKey::new(KeyId(number.into()), &[number; 32]).unwrap();
    let fact = LedgerFact {
        at: Timestamp::from_unix_millis(1_790_000_000_000),
        event: LedgerEvent::Decision,
        outcome: String::from("released"),
        reason: None,
        attempt: None,
        ruling: None,
        terms: Some(LedgerTerms {
            recipient: RecipientId::new("crm"),
            flow: FlowId::new("contacts"),
            flow_version: 1,
            purpose: String::from("HOPERAT"),
            policy_hash: [number; 32],
            consent_version: None,
        }),
        subject: Some(LedgerSubject {
            subject: SubjectKey::from_bytes([number; 16]),
            message: Sequence(number.into()),
            delivery: Some(DeliveryId::from_bytes([number; 16])),
            released: Vec::new().into(),
            withheld: Vec::new().into(),
            digest: None,
        }),
    };
    LedgerEntry::seal(&fact, &key).unwrap()
}

fn main() {
    let count = std::env::args().nth(1);
    let count = count.map_or(1_000_000, |text| text.parse().unwrap());
    let key = SigningKey::from_seed("isthmus/ledger/measured", &[7; 32]).unwrap();
    let ledger = Streamed::new(count, &key);
    let mut bytes = 0;
    let start = Instant::now();
    let read = ledger.for_each(&mut |row| {
        bytes += row.line.len() as u64;
        true
    });
    let lines = start.elapsed();
    read.unwrap();
    let start = Instant::now();
    let report = verify(&ledger, key.verifying(), None, &mut |_entries| {}).unwrap();
    let verified = start.elapsed();
    let start = Instant::now();
    let root = root_of(&ledger.leaves);
    let rebuilt = start.elapsed();
    assert!(report.first_bad.is_none() && report.entries == count && report.root == root);
    println!(
        "{count} entries of {} bytes, {} checkpoints: verified in {:.2} s, of which {:.2} s for \
         writing the lines; tree rebuilt from its hashes in {:.2} s",
        bytes.checked_div(count).unwrap_or(0),
        report.checkpoints,
        verified.as_secs_f64(),
        lines.as_secs_f64(),
        rebuilt.as_secs_f64(),
    );
}
