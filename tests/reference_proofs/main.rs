//! The proofs of another project's test data are accepted and refused as it says: 98 cases of
//! inclusion and consistency. Our own proofs are tried in the ledger's crate.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may be blunt"
)]

use data_encoding::BASE64;
use isthmus_ledger::proof::{verify_consistency, verify_inclusion};
use isthmus_tests::shared_data::shared_data;
use serde_json::Value;

fn cases(file: &str) -> Option<Vec<Value>> {
    let path = shared_data()?.join("privacy/audit/merkle").join(file);
    let text = std::fs::read(path).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}

/// A hash; None when the case has other than 32 bytes there, which no proof can have.
fn hash(value: &Value) -> Option<[u8; 32]> {
    let bytes = BASE64.decode(value.as_str()?.as_bytes()).ok()?;
    bytes.try_into().ok()
}

/// The proof; null is an empty one.
fn proof(case: &Value) -> Option<Vec<[u8; 32]>> {
    let proof = case["proof"].as_array().map_or(&[][..], Vec::as_slice);
    proof.iter().map(hash).collect()
}

/// How many cases end as they should; all of them have to.
fn check(cases: &[Value], shows: impl Fn(&Value) -> Option<bool>) -> usize {
    for case in cases {
        let accepted = shows(case).unwrap_or(false);
        let refused = case["wantErr"].as_bool().unwrap();
        assert_eq!(accepted, !refused, "{}", case["name"]);
    }
    cases.len()
}

#[test]
fn proofs_of_inclusion_end_as_their_cases_say() {
    let Some(cases) = cases("inclusion.json") else {
        return;
    };
    let checked = check(&cases, |case| {
        let number = |name: &str| case[name].as_u64().unwrap();
        let (place, size) = (number("leafIdx"), number("treeSize"));
        let (leaf, root) = (hash(&case["leafHash"])?, hash(&case["root"])?);
        Some(verify_inclusion(place, size, &leaf, &proof(case)?, &root).is_ok())
    });
    assert_eq!(checked, 49);
}

#[test]
fn proofs_of_consistency_end_as_their_cases_say() {
    let Some(cases) = cases("consistency.json") else {
        return;
    };
    let checked = check(&cases, |case| {
        let number = |name: &str| case[name].as_u64().unwrap();
        let (earlier, size) = (number("size1"), number("size2"));
        let (before, root) = (hash(&case["root1"])?, hash(&case["root2"])?);
        Some(verify_consistency(earlier, size, &before, &root, &proof(case)?).is_ok())
    });
    assert_eq!(checked, 49);
}
