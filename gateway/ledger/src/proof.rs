//! Proofs over the tree of the ledger (RFC 6962, section 2.1; checked as RFC 9162, section 2.1
//! tells): that an entry is in it, and that it grew out of an earlier one. Roots that are to be
//! believed come from a checkpoint, not from here.

use isthmus_core::ledger::LeafHash;

use crate::merkle::{node_hash, root_of};

/// Why a proof shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The entry is not among those of the tree, or the earlier tree is empty or the larger one.
    #[error("no proof is possible for these sizes")]
    OutOfRange,
    /// A proof for these sizes has another number of hashes.
    #[error("the proof has too few or too many hashes")]
    Length,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    RootDiffers,
}

/// The proof that the entry at `place` is in the tree over `leaves`; None when it is not.
pub fn inclusion_proof(leaves: &[LeafHash], place: usize) -> Option<Vec<LeafHash>> {
    let mut proof = Vec::new();
    (place < leaves.len()).then(|| include(leaves, place, &mut proof))?;
    Some(proof)
}

fn include(leaves: &[LeafHash], place: usize, proof: &mut Vec<LeafHash>) {
    if leaves.len() < 2 {
        return;
    }
    let (left, right) = leaves.split_at(left_size(leaves.len()));
    if place < left.len() {
        include(left, place, proof);
        proof.push(root_of(right));
    } else {
        include(right, place - left.len(), proof);
        proof.push(root_of(left));
    }
}

/// The proof that the tree over `leaves` grew out of the one over the first `size` of them; None
/// when there is no such, or when that is empty.
pub fn consistency_proof(leaves: &[LeafHash], size: usize) -> Option<Vec<LeafHash>> {
    let mut proof = Vec::new();
    (0 < size && size <= leaves.len()).then(|| grow(leaves, size, true, &mut proof))?;
    Some(proof)
}

/// `known`: whether the tree over the first `size` is the earlier one itself, whose root the
/// reader has.
fn grow(leaves: &[LeafHash], size: usize, known: bool, proof: &mut Vec<LeafHash>) {
    if size == leaves.len() {
        if !known {
            proof.push(root_of(leaves));
        }
        return;
    }
    let (left, right) = leaves.split_at(left_size(leaves.len()));
    if size <= left.len() {
        grow(left, size, known, proof);
        proof.push(root_of(right));
    } else {
        grow(right, size - left.len(), false, proof);
        proof.push(root_of(left));
    }
}

/// How many of two or more entries are below the left half: the largest power of two that is less.
const fn left_size(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// Checks that the entry with the hash `leaf` is at `place` in the tree of `size` and `root`.
pub fn verify_inclusion(
    place: u64,
    size: u64,
    leaf: &LeafHash,
    proof: &[LeafHash],
    root: &LeafHash,
) -> Result<(), ProofError> {
    if place >= size {
        return Err(ProofError::OutOfRange);
    }
    let mut climb = Climb {
        node: place,
        last: size - 1,
    };
    let mut hash = *leaf;
    for other in proof {
        hash = match climb.step()? {
            Side::Left => node_hash(other, &hash),
            Side::Right => node_hash(&hash, other),
        };
    }
    climb.arrived()?;
    same(&hash, root)
}

/// Checks that the tree of `size` and `root` grew out of the one of `earlier_size` and
/// `earlier_root`. Of an empty tree nothing can be shown.
pub fn verify_consistency(
    earlier_size: u64,
    size: u64,
    earlier_root: &LeafHash,
    root: &LeafHash,
    proof: &[LeafHash],
) -> Result<(), ProofError> {
    if earlier_size == 0 || earlier_size > size {
        return Err(ProofError::OutOfRange);
    }
    if earlier_size == size {
        let whole = proof.is_empty().then_some(()).ok_or(ProofError::Length);
        return whole.and_then(|()| same(earlier_root, root));
    }
    // The proof starts at the last full subtree of the earlier tree; when that is the whole tree,
    // its hash is not repeated.
    let (start, rest) = if earlier_size.is_power_of_two() {
        (earlier_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::Length)?
    };
    let height = (earlier_size - 1).trailing_ones();
    let mut climb = Climb {
        node: shifted(earlier_size - 1, height),
        last: shifted(size - 1, height),
    };
    let (mut earlier, mut present) = (*start, *start);
    for other in rest {
        match climb.step()? {
            Side::Left => {
                earlier = node_hash(other, &earlier);
                present = node_hash(other, &present);
            }
            Side::Right => present = node_hash(&present, other),
        }
    }
    climb.arrived()?;
    same(&earlier, earlier_root)?;
    same(&present, root)
}

/// Where a walk from an entry to the root stands: the node and the last node on its level.
struct Climb {
    node: u64,
    last: u64,
}

/// On which side of the walk the next hash of a proof stands.
enum Side {
    Left,
    Right,
}

impl Climb {
    /// Goes up to the next level on which the node has a sibling.
    fn step(&mut self) -> Result<Side, ProofError> {
        if self.last == 0 {
            return Err(ProofError::Length);
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            // A last node without a sibling is carried up as it is.
            let alone = self.node.trailing_zeros();
            self.up(alone);
            Side::Left
        } else {
            Side::Right
        };
        self.up(1);
        Ok(side)
    }

    fn up(&mut self, levels: u32) {
        self.node = shifted(self.node, levels);
        self.last = shifted(self.last, levels);
    }

    fn arrived(&self) -> Result<(), ProofError> {
        (self.last == 0).then_some(()).ok_or(ProofError::Length)
    }
}

/// `value >> by`, for any `by`.
fn shifted(value: u64, by: u32) -> u64 {
    value.checked_shr(by).unwrap_or(0)
}

fn same(found: &LeafHash, stated: &LeafHash) -> Result<(), ProofError> {
    let agrees = found == stated;
    agrees.then_some(()).ok_or(ProofError::RootDiffers)
}
