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
mod answering;
mod before_sending;
mod born;
mod delivering;
mod door;
mod machine;
mod patients;
mod policy;
mod questions;
mod released;
mod rulings;
mod several_patients;
mod stand_ins;
mod steps;
mod stopping;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use isthmus_core::clock::Clock;
use isthmus_core::current::Current;
use isthmus_core::executor::Executor;
use isthmus_core::id::SenderId;
use isthmus_core::journal::{Backlog, Conclusion, Journal, JournalError, Outcome};
use isthmus_core::refusal::Reason;
use isthmus_core::subject::Digester;
use isthmus_pipeline::forward_loop::ForwardLoop;
use isthmus_pipeline::release_stage::ReleaseStage;
use isthmus_pipeline::shaping::Shaping;

use crate::answering::Answering;
use crate::machine::Machine;
use crate::patients::Patients;
use crate::stand_ins::{Memory, Script, Warnings, fussy_rules, never, one_key, run};

fn forward(memory: &Arc<Memory>, machine: &Arc<Machine>) -> ForwardLoop {
    ForwardLoop {
        backlog: Arc::clone(memory) as Arc<dyn Backlog>,
        journal: Arc::clone(memory) as Arc<dyn Journal>,
        queue: Arc::new(Script::default()),
        rules: Arc::new(Current::new(fussy_rules())),
        release: Arc::new(ReleaseStage {
            shaping: Shaping {
                consents: Arc::new(Patients::default()),
                keys: one_key(),
                digester: Digester::new(&[1; 32]),
                names: Arc::default(),
            },
        }),
        answers: Arc::new(Answering),
        threads: 2,
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
    let ended = run(forward(&memory, &Arc::default()).run(never()));
    assert_eq!(ended, Err(JournalError::Closed));
    let expected = [
        (1, None),
        (2, Some(Reason::Unmappable)),
        (3, Some(Reason::NotMapped)),
        (4, None),
    ];
    assert_eq!(outcomes(&memory), expected);
    let concluded = memory.concluded.lock().unwrap();
    let answer = |one: &Conclusion| one.answer.as_ref().map(|one| one.control_id.clone());
    let answers: Vec<_> = concluded.iter().filter_map(answer).collect();
    assert_eq!(answers, ["good", "unmappable", "not-mapped", "good"]);
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
    tracing::subscriber::with_default(warnings, || run(forward(&memory, &machine).run(never())))
        .unwrap_err();
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
    let ended = run(forward(&memory, &Arc::default()).run(never()));
    assert_eq!(ended, Err(failed));
}
