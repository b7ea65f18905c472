//! What the loops promise whatever stands behind the seams: a poisonous message is parked alone, a
//! full store loses nothing, and every outcome of an attempt has its step.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    reason = "tests may be blunt"
)]

mod accepting;
mod before_sending;
mod machine;
mod patients;
mod policy;
mod released;
mod rulings;
mod stand_ins;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::destination::{DeliveryOutcome, RetryScope};
use isthmus_core::executor::Executor;
use isthmus_core::id::{DeliveryId, SenderId};
use isthmus_core::journal::{Backlog, Journal, JournalError, Outcome, Step};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::refusal::Reason;
use isthmus_core::subject::Digester;
use isthmus_pipeline::before_sending::Attempt;
use isthmus_pipeline::deliver_loop;
use isthmus_pipeline::forward_loop::ForwardLoop;
use isthmus_pipeline::release_stage::ReleaseStage;
use isthmus_pipeline::retry_schedule::RetrySchedule;

use crate::machine::Machine;
use crate::stand_ins::{Fussy, Memory, NoConsents, OneKey, Script, Warnings, run};

fn forward(memory: &Arc<Memory>, machine: &Arc<Machine>) -> ForwardLoop {
    ForwardLoop {
        backlog: Arc::clone(memory) as Arc<dyn Backlog>,
        journal: Arc::clone(memory) as Arc<dyn Journal>,
        queue: Arc::new(Script::default()),
        translator: Arc::new(Fussy),
        release: Arc::new(ReleaseStage {
            policies: Arc::new(PolicySet::default()),
            shapers: BTreeMap::new(),
            consents: Arc::new(NoConsents),
            keys: Arc::new(OneKey),
            digester: Digester::new(&[1; 32]),
        }),
        clock: Arc::clone(machine) as Arc<dyn Clock>,
        executor: Arc::clone(machine) as Arc<dyn Executor>,
    }
}

fn outcomes(memory: &Memory) -> Vec<(u64, Option<Reason>)> {
    let concluded = memory.concluded.lock().unwrap();
    let reason = |outcome: &Outcome| match outcome {
        Outcome::Translated { .. } => None,
        Outcome::Parked(refusal) => Some(refusal.reason),
    };
    concluded
        .iter()
        .map(|one| (one.sequence.0, reason(&one.outcome)))
        .collect()
}

#[test]
fn a_poisonous_message_is_parked_alone() {
    std::panic::set_hook(Box::new(|_| {}));
    let senders = ["good", "poison", "strange", "good"];
    let open = (1..).zip(senders.map(SenderId::new)).collect();
    let memory = Arc::new(Memory {
        open,
        ..Memory::default()
    });
    let ended = run(forward(&memory, &Arc::default()).run());
    assert_eq!(ended, JournalError::Closed);
    let expected = [
        (1, None),
        (2, Some(Reason::Unmappable)),
        (3, Some(Reason::NotMapped)),
        (4, None),
    ];
    assert_eq!(outcomes(&memory), expected);
}

#[test]
fn a_full_store_makes_the_loop_wait_and_lose_nothing() {
    let open = (1..=200)
        .map(|sequence| (sequence, SenderId::new("good")))
        .collect();
    let full = JournalError::Full;
    let script = Mutex::new(VecDeque::from([full.clone(), full.clone(), full]));
    let memory = Arc::new(Memory {
        open,
        script,
        ..Memory::default()
    });
    let machine = Arc::new(Machine::default());
    let warnings = Warnings::default();
    let counted = warnings.clone();
    tracing::subscriber::with_default(warnings, || run(forward(&memory, &machine).run()));
    let expected: Vec<(u64, Option<Reason>)> = (1..=200).map(|at| (at, None)).collect();
    assert_eq!(outcomes(&memory), expected);
    assert_eq!(machine.waits.lock().unwrap().len(), 3);
    assert_eq!(counted.count(), 1, "said once a wait, not once a try");
}

#[test]
fn a_failed_sync_ends_the_loop() {
    let open = vec![(1, SenderId::new("good"))];
    let failed = JournalError::Failed("sync".into());
    let script = Mutex::new(VecDeque::from([failed.clone()]));
    let memory = Arc::new(Memory {
        open,
        script,
        ..Memory::default()
    });
    assert_eq!(run(forward(&memory, &Arc::default()).run()), failed);
}

#[test]
fn every_outcome_has_its_step() {
    let schedule = RetrySchedule::default();
    let now = Timestamp::from_unix_millis(1_000_000);
    let attempt = |created_at: i64| Attempt {
        id: DeliveryId::from_bytes([7; 16]),
        created_at: Timestamp::from_unix_millis(created_at),
        number: 3,
    };
    let step = |outcome| deliver_loop::step(schedule, now, attempt(0), &outcome).unwrap();
    let waited = |step: Step| match step {
        Step::Retry { not_before, code } => (not_before.unix_millis() - 1_000_000, code),
        other => panic!("{other:?}"),
    };
    let code = "http-503".to_owned();
    let unknown = DeliveryOutcome::Unknown { code: code.clone() };
    let record = |after| DeliveryOutcome::Retry {
        scope: RetryScope::Record,
        after,
        code: code.clone(),
    };
    assert_eq!(step(DeliveryOutcome::Delivered), Step::Delivered);
    for outcome in [unknown.clone(), record(None)] {
        let (waited, why) = waited(step(outcome));
        assert!((0..=4_000).contains(&waited), "{waited}");
        assert_eq!(why, code);
    }
    let (asked, _) = waited(step(record(Some(Duration::from_secs(7)))));
    assert_eq!(asked, 7_000);
    let refused = DeliveryOutcome::Refused { code: code.clone() };
    let parked = Step::Park(Reason::RefusedByDestination);
    assert_eq!(step(refused), parked);
    let old = attempt(1_000_000 - 72 * 60 * 60 * 1_000);
    for outcome in [unknown, record(None)] {
        let step = deliver_loop::step(schedule, now, old, &outcome);
        assert_eq!(step, Some(Step::Park(Reason::TriedTooLong)));
    }
    let not_tried = DeliveryOutcome::NotTried { code };
    let step = deliver_loop::step(schedule, now, old, &not_tried);
    assert_eq!(step, None, "it was no attempt");
}
