//! The frontier has the root that the standard defines, and proofs show what they should and
//! nothing else, for trees of every shape.

use isthmus_core::ledger::{LeafHash, sha256};
use isthmus_ledger::merkle::{Frontier, node_hash, root_of};
use isthmus_ledger::proof::{
    ProofError, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion,
};
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

fn leaves(count: usize) -> Vec<LeafHash> {
    (0..count).map(|at| sha256(&at.to_be_bytes())).collect()
}

/// MTH of RFC 6962, section 2.1, word for word.
fn defined_root(leaves: &[LeafHash]) -> LeafHash {
    match leaves {
        [] => sha256(b""),
        [one] => *one,
        several => {
            let mut half = 1;
            while half * 2 < several.len() {
                half *= 2;
            }
            let (left, right) = several.split_at(half);
            node_hash(&defined_root(left), &defined_root(right))
        }
    }
}

#[test]
fn a_frontier_has_the_defined_root_at_every_size() {
    let leaves = leaves(300);
    let mut frontier = Frontier::default();
    for size in 0..=leaves.len() {
        assert_eq!(frontier.size(), size as u64);
        assert_eq!(frontier.root(), defined_root(&leaves[..size]), "{size}");
        frontier.append(leaves[size % leaves.len()]);
    }
}

#[test]
fn every_entry_and_every_earlier_tree_of_small_trees_has_a_proof() {
    let all = leaves(40);
    for size in 1..=all.len() {
        let (tree, root) = (&all[..size], root_of(&all[..size]));
        for part in 0..size {
            let proof = inclusion_proof(tree, part).unwrap();
            let (place, whole) = (part as u64, size as u64);
            verify_inclusion(place, whole, &all[part], &proof, &root).unwrap();
            let earlier = root_of(&all[..=part]);
            let proof = consistency_proof(tree, part + 1).unwrap();
            verify_consistency(place + 1, whole, &earlier, &root, &proof).unwrap();
        }
        assert_eq!(inclusion_proof(tree, size), None);
        assert_eq!(consistency_proof(tree, size + 1), None);
        assert_eq!(consistency_proof(tree, 0), None);
    }
}

#[test]
fn sizes_of_which_nothing_can_be_shown_are_refused() {
    let hash = [0; 32];
    let refused = Err(ProofError::OutOfRange);
    assert_eq!(verify_inclusion(0, 0, &hash, &[], &hash), refused);
    assert_eq!(verify_inclusion(u64::MAX, 8, &hash, &[], &hash), refused);
    assert_eq!(verify_consistency(0, 8, &hash, &hash, &[]), refused);
    assert_eq!(verify_consistency(9, 8, &hash, &hash, &[]), refused);
    let length = Err(ProofError::Length);
    let proof = [hash; 70];
    assert_eq!(verify_inclusion(0, u64::MAX, &hash, &proof, &hash), length);
    assert_eq!(
        verify_consistency(1 << 63, u64::MAX, &hash, &hash, &proof),
        length
    );
}

/// A tree, a place in it, and which bit of a proof is changed, as a part of all.
fn cases() -> impl Strategy<Value = (usize, usize, f64)> {
    let sizes = (1_usize..700).prop_flat_map(|size| (0..size).prop_map(move |at| (size, at)));
    (sizes, 0.0..1.0).prop_map(|((size, at), part)| (size, at, part))
}

/// The proof with one bit changed; None for an empty one.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "any bit will do"
)]
fn changed(proof: &[LeafHash], part: f64) -> Option<Vec<LeafHash>> {
    let bit = ((proof.len() * 256) as f64 * part) as usize;
    let mut changed = proof.to_vec();
    changed.get_mut(bit / 256)?[bit % 256 / 8] ^= 1 << (bit % 8);
    Some(changed)
}

proptest! {
    #[test]
    fn a_frontier_has_the_defined_root(leaves in prop::collection::vec(any::<[u8; 32]>(), 0..200)) {
        prop_assert_eq!(root_of(&leaves), defined_root(&leaves));
    }

    #[test]
    fn a_proof_of_inclusion_shows_its_entry_alone((size, place, part) in cases()) {
        let leaves = leaves(size);
        let (root, leaf) = (root_of(&leaves), leaves[place]);
        let proof = inclusion_proof(&leaves, place).unwrap();
        let check = |place: u64, leaf: &LeafHash, proof: &[LeafHash]| {
            verify_inclusion(place, size as u64, leaf, proof, &root)
        };
        prop_assert_eq!(check(place as u64, &leaf, &proof), Ok(()));
        let other = (place as u64 + 1) % size as u64;
        prop_assert!(size == 1 || check(other, &leaf, &proof).is_err());
        prop_assert!(check(place as u64, &[0; 32], &proof).is_err());
        if let Some(changed) = changed(&proof, part) {
            let answer = check(place as u64, &leaf, &changed);
            prop_assert_eq!(answer, Err(ProofError::RootDiffers));
        }
    }

    #[test]
    fn a_proof_of_consistency_shows_its_trees_alone((size, earlier, part) in cases()) {
        let leaves = leaves(size);
        let earlier = earlier + 1;
        let proof = consistency_proof(&leaves, earlier).unwrap();
        let (before, root) = (root_of(&leaves[..earlier]), root_of(&leaves));
        let check = |before: &LeafHash, root: &LeafHash, proof: &[LeafHash]| {
            verify_consistency(earlier as u64, size as u64, before, root, proof)
        };
        prop_assert_eq!(check(&before, &root, &proof), Ok(()));
        prop_assert!(check(&[0; 32], &root, &proof).is_err());
        prop_assert!(check(&before, &[0; 32], &proof).is_err());
        prop_assert!(check(&before, &root, &[&proof[..], &[root]].concat()).is_err());
        if let Some(changed) = changed(&proof, part) {
            let answer = check(&before, &root, &changed);
            prop_assert_eq!(answer, Err(ProofError::RootDiffers));
        }
    }
}

#[test]
fn every_single_bit_of_a_proof_counts() {
    let leaves = leaves(23);
    let (before, root) = (root_of(&leaves[..13]), root_of(&leaves));
    let inclusion = inclusion_proof(&leaves, 17).unwrap();
    let consistency = consistency_proof(&leaves, 13).unwrap();
    let flipped = |proof: &[LeafHash], bit: usize| {
        let mut proof = proof.to_vec();
        proof[bit / 256][bit % 256 / 8] ^= 1 << (bit % 8);
        proof
    };
    for bit in 0..inclusion.len() * 256 {
        let proof = flipped(&inclusion, bit);
        assert!(verify_inclusion(17, 23, &leaves[17], &proof, &root).is_err());
    }
    for bit in 0..consistency.len() * 256 {
        let proof = flipped(&consistency, bit);
        assert!(verify_consistency(13, 23, &before, &root, &proof).is_err());
    }
}
