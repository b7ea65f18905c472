//! A positive code follows from storage and from nothing else, whatever the store does and
//! whichever mode a message asks for.

use std::time::Duration;

use isthmus_core::refusal::{Disposition, Reason, Refusal};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

use crate::batches::{answer, batch, read};
use crate::fake_intake::{Act, FakeIntake};
use crate::messages::Msh;
use crate::rig::Rig;

fn act() -> impl Strategy<Value = Act> {
    let reasons = vec![
        Reason::Unreadable,
        Reason::Unauthorised,
        Reason::StoreUnavailable,
        Reason::NotMapped,
        Reason::Unmappable,
        Reason::Unopenable,
    ];
    let dispositions = vec![
        Disposition::RetryLater,
        Disposition::RejectToSender,
        Disposition::ParkForOperator,
    ];
    let refusal = (select(reasons), select(dispositions)).prop_map(|(reason, disposition)| {
        Act::Refuse(Refusal {
            disposition,
            ..Refusal::reject(reason)
        })
    });
    prop_oneof![
        Just(Act::Take),
        (0..50_u64).prop_map(|millis| Act::TakeAfter(Duration::from_millis(millis))),
        refusal,
        Just(Act::StaySilent),
    ]
}

/// What the answers must be: control id and whether it is stored.
async fn tried(acts: Vec<(Act, &'static str, bool)>) -> Vec<(bool, bool, String, String)> {
    let intake = FakeIntake::doing(acts.iter().map(|(act, _, _)| act.clone()));
    let rig = Rig::with_intake(intake);
    let mut client = rig.connect();
    for (number, (_, accept, pause)) in acts.iter().enumerate() {
        let control_id = &number.to_string();
        client
            .send(
                Msh {
                    control_id,
                    accept,
                    ..Msh::default()
                }
                .message(),
            )
            .await;
        if *pause {
            tokio::task::yield_now().await;
        }
    }
    let mut seen = Vec::new();
    for number in 0..acts.len() {
        let (code, id) = client.answer().await;
        let stored = rig.intake.texts();
        let is_stored = stored
            .iter()
            .any(|text| text.contains(&format!("|{id}|P|")));
        seen.push((code.is_positive(), is_stored, id, number.to_string()));
    }
    seen
}

/// The codes in the answer to a batch, such as `AA 3`, and what is stored.
async fn tried_as_a_batch(acts: Vec<(Act, &'static str)>) -> (Vec<String>, Vec<String>) {
    let intake = FakeIntake::doing(acts.iter().map(|(act, _)| act.clone()));
    let rig = Rig::with_intake(intake);
    let messages = acts.iter().enumerate().map(|(number, (_, accept))| {
        let control_id = &number.to_string();
        Msh {
            control_id,
            accept,
            ..Msh::default()
        }
        .message()
    });
    let text = batch(&messages.collect::<Vec<_>>(), "BTS");
    let told = answer(&rig, text).await;
    (read(&told).0, rig.intake.texts())
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    #[test]
    fn no_positive_code_without_storage(
        acts in vec((act(), select(vec!["", "AL", "XX"]), any::<bool>()), 1..20)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        for (positive, stored, id, expected) in runtime.block_on(tried(acts)) {
            prop_assert_eq!(id, expected);
            prop_assert!(!positive || stored);
        }
    }

    #[test]
    fn no_positive_code_in_a_batch_without_storage(
        acts in vec((act(), select(vec!["", "AL", "XX"])), 1..150)
    ) {
        let count = acts.len();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (codes, stored) = runtime.block_on(tried_as_a_batch(acts));
        prop_assert_eq!(codes.len(), count);
        for (number, code) in codes.iter().enumerate() {
            let (code, id) = code.split_once(' ').unwrap();
            prop_assert_eq!(id, number.to_string());
            let is_stored = stored.iter().any(|text| text.contains(&format!("|{id}|P|")));
            prop_assert!(!matches!(code, "AA" | "CA") || is_stored);
        }
    }
}
