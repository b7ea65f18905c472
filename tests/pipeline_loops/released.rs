//! Deliveries as the gate released and sealed them, under the policy of `policy`; what the loop
//! does with them is in `before_sending`.

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::Delivery;
use isthmus_core::id::{DeliveryId, FlowId, Sequence};
use isthmus_core::key_ring::{KeyId, SealingKey};
use isthmus_core::privacy::circumstances::Circumstances;
use isthmus_core::privacy::release::Release;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::read_set::ReadSet;
use isthmus_core::shaper::ShapingContext;

use crate::born::{Same, born};
use crate::patients::Patients;
use crate::policy::{POLICY, policies};

/// The delivery with this number for this patient, released under [`POLICY`] when the patient's
/// consent had version 4, and sealed with the key of this number.
pub(crate) fn released(number: u8, patient: u8, key: u64) -> Delivery {
    let set = policies(POLICY);
    let flow = set.flow(&FlowId::new("newsletter")).unwrap();
    let record = born(patient);
    let subject = record.subject;
    let now = Timestamp::from_unix_millis(1_795_348_800_000);
    let release = flow.release(
        &record,
        &Circumstances {
            addresses: &[],
            consents: &Patients::default(),
            now,
        },
    );
    let Release::Granted(granted) = release else {
        panic!("{release:?}")
    };
    let id = DeliveryId::from_bytes([number; 16]);
    let context = ShapingContext {
        delivery: id,
        received_at: now,
        consents: Vec::new(),
    };
    let disclosure = granted
        .shape(Some(&Same(ReadSet::default())), &context)
        .unwrap()
        .remove(0);
    let key = SealingKey::new(KeyId(key), &[1; 32]).unwrap();
    Delivery {
        id,
        subject,
        sequence: Sequence(number.into()),
        addresses: Vec::new(),
        created_at: Timestamp::from_unix_millis(0),
        attempt: 1,
        recovered: false,
        urgent: false,
        sealed: SealedDisclosure::seal(&disclosure, &key).unwrap(),
    }
}
