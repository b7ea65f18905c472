//! The tree over the ledger (RFC 6962, section 2.1): the hash of a node, and the frontier of a tree
//! that grows. The hash of an entry is made in `isthmus_core::ledger`; proofs are in `proof`.

use isthmus_core::ledger::{LeafHash, sha256};

/// The hash of a node over two others.
pub fn node_hash(left: &LeafHash, right: &LeafHash) -> LeafHash {
    let mut input = [1; 65];
    let [_prefix, below @ ..] = &mut input;
    let (to_left, to_right) = below.split_at_mut(32);
    to_left.copy_from_slice(left);
    to_right.copy_from_slice(right);
    sha256(&input)
}

/// What must be kept of a tree so that it can grow: the roots of the full subtrees that it
/// consists of, from left to right; at most one for each bit of its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<LeafHash>,
}

impl Frontier {
    /// How many entries the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds one entry behind the others.
    pub fn append(&mut self, leaf: LeafHash) {
        let mut hash = leaf;
        let mut left = self.size;
        while left & 1 == 1
            && let Some(peak) = self.peaks.pop()
        {
            hash = node_hash(&peak, &hash);
            left >>= 1;
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root of the tree as it is; of an empty one, the hash of nothing.
    pub fn root(&self) -> LeafHash {
        let mut peaks = self.peaks.iter().rev();
        let last = peaks.next().copied();
        last.map_or_else(
            || sha256(&[]),
            |last| peaks.fold(last, |right, left| node_hash(left, &right)),
        )
    }
}

/// The root of the tree over these entries.
pub fn root_of(leaves: &[LeafHash]) -> LeafHash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.append(*leaf);
    }
    frontier.root()
}
