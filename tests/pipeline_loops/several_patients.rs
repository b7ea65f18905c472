//! A message about several patients: what one of them said changes no id of another's records, so
//! that deciding again neither sends a record under two ids nor takes one for another.

use std::collections::BTreeMap;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::id::{DeliveryId, FlowId, MessageId, Sequence, SubjectKey};
use isthmus_core::journal::Verdict;
use isthmus_core::subject::Digester;
use isthmus_pipeline::asked::Origin;
use isthmus_pipeline::release_stage::{ReleaseStage, Released};
use isthmus_pipeline::shaping::Shaping;
use isthmus_tests::invented_policies::LOADED_AT;
use isthmus_tests::one_key::OneKey;

use crate::born::born;
use crate::patients::{Patients, Says};
use crate::policy::POLICY;
use crate::questions::rules;

/// What a message about patients 1 and 2 gives, or what it gives by one flow for one of them.
fn released(patients: Patients, only: Option<(&FlowId, &SubjectKey)>) -> Released {
    let patients = Arc::new(patients);
    let release = ReleaseStage {
        shaping: Shaping {
            consents: Arc::clone(&patients) as _,
            keys: Arc::new(OneKey),
            digester: Digester::new(&[1; 32]),
            names: Arc::default(),
        },
    };
    let origin = Origin {
        id: MessageId::from_bytes([1; 16]),
        sequence: Sequence(1),
        received_at: Timestamp::from_unix_millis(0),
        now: LOADED_AT,
    };
    let both = [born(1), born(2)];
    let rules = rules(POLICY);
    release
        .release_to(&rules, patients.as_ref(), origin, &both, only)
        .unwrap()
}

/// The deliveries that a message gives, by patient.
fn given(patients: Patients) -> BTreeMap<SubjectKey, DeliveryId> {
    let deliveries = released(patients, None).deliveries.into_iter();
    deliveries.map(|one| (one.subject, one.id)).collect()
}

#[test]
fn what_one_patient_says_changes_no_id_of_another() {
    let one = SubjectKey::from_bytes([1; 16]);
    let other = SubjectKey::from_bytes([2; 16]);
    let without = given(Patients::saying(&[(1, &[Says::No])]));
    let both = given(Patients::default());
    assert_eq!(without.keys().collect::<Vec<_>>(), [&other]);
    assert_eq!(without.get(&other), both.get(&other));
    assert_ne!(both.get(&one), both.get(&other));
}

#[test]
fn what_is_decided_again_for_one_patient_is_about_nobody_else() {
    let other = SubjectKey::from_bytes([2; 16]);
    let no = || Patients::saying(&[(1, &[Says::No])]);
    let all = released(no(), None);
    let flow = all.decisions[0].flow.clone();
    let again = released(no(), Some((&flow, &other)));
    assert_eq!((all.decisions.len(), all.entries.len()), (2, 2));
    assert_eq!((again.decisions.len(), again.entries.len()), (1, 1));
    assert_eq!(again.decisions[0].verdict, Verdict::Released(1));
    assert_eq!(again.deliveries[0].id, all.deliveries[0].id);
}
