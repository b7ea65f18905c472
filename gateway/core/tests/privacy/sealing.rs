//! What was sealed under one grant opens under no other.

use isthmus_core::id::{FlowId, RecipientId};
use isthmus_core::key_ring::{KeyError, KeyId, SealingKey};
use isthmus_core::privacy::disclosure::Grant;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;

use crate::scenario::{LEAVES, PATIENT, Whole, context, granted, loaded, policy, record};

#[test]
fn a_seal_opens_only_with_its_key_and_grant() {
    let set = loaded(&policy());
    let granted = granted(&set, &record(&[PATIENT])).unwrap();
    let disclosures = granted.shape(Some(&Whole), &context()).unwrap();
    let key = SealingKey::new(KeyId(1), &[3; 32]).unwrap();
    let sealed = SealedDisclosure::seal(&disclosures[0], &key).unwrap();

    let opened = sealed.open(&key).unwrap();
    assert_eq!(opened.content().reveal(), LEAVES.as_bytes());
    assert_eq!(opened.grant(), disclosures[0].grant());
    let holds = |text: &[u8]| sealed.bytes().windows(text.len()).any(|part| part == text);
    assert!(!holds(b"Testa") && !holds(b"1980"));

    let grant = sealed.grant();
    let forged = [
        Grant {
            recipient: RecipientId::new("other"),
            ..grant.clone()
        },
        Grant {
            flow: FlowId::new("other"),
            ..grant.clone()
        },
        Grant {
            flow_version: 4,
            ..grant.clone()
        },
        Grant {
            purpose: "TREAT".to_owned(),
            ..grant.clone()
        },
        Grant {
            policy_hash: [0; 32],
            ..grant.clone()
        },
        Grant {
            consent_version: Some(5),
            ..grant.clone()
        },
        Grant {
            consent_version: None,
            ..grant.clone()
        },
    ];
    for grant in forged {
        let forged = SealedDisclosure::from_stored(grant, sealed.key(), sealed.bytes().to_vec());
        assert_eq!(forged.open(&key).unwrap_err(), KeyError::Mismatch);
    }
    let other = SealingKey::new(KeyId(1), &[4; 32]).unwrap();
    assert_eq!(sealed.open(&other).unwrap_err(), KeyError::Mismatch);
}
