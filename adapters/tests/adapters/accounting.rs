//! Whatever an adapter plans and judges and whatever a recipient answers, every record has exactly
//! one outcome, and none is told as delivered that was not.

use std::sync::Arc;

use bytes::Bytes;
use isthmus_adapters::adapter::{Adapter, Call, HttpCall, Judgement, Manifest, Reply};
use isthmus_adapters::limits::Limits;
use isthmus_adapters::webhook::destination::MANIFEST;
use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope, Takes};
use isthmus_core::id::DeliveryId;
use isthmus_core::phi::Phi;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::fake_time::FakeTime;
use crate::released::outbound;
use crate::scripted_transport::{Script, runner, status, webhook};

/// What a careless adapter says about one record of its call.
#[derive(Debug, Clone, Copy)]
enum Word {
    Delivered,
    Record,
    Recipient,
    Refused,
    Unknown,
    Silent,
    /// It is said to be delivered, under the id of a record that is not in the call.
    Foreign,
}

fn words() -> impl Strategy<Value = Word> {
    prop_oneof![
        6 => Just(Word::Delivered),
        1 => Just(Word::Record),
        1 => Just(Word::Recipient),
        1 => Just(Word::Refused),
        1 => Just(Word::Unknown),
        1 => Just(Word::Silent),
        1 => Just(Word::Foreign),
    ]
}

/// Leaves records out of its plan and of its judgements.
struct Careless {
    per_call: usize,
    leaves_out: usize,
    consecutive: bool,
    words: Vec<Word>,
}

impl Adapter for Careless {
    fn manifest(&self) -> Manifest {
        let batch = Draw {
            limit: 32,
            consecutive: self.consecutive,
        };
        let takes = Takes { batch, at_once: 1 };
        Manifest { takes, ..MANIFEST }
    }

    fn plan(&self, batch: &[Outbound], _: Timestamp) -> Vec<Call> {
        let planned = &batch[..batch.len().saturating_sub(self.leaves_out)];
        let call = |records: &[Outbound]| {
            Call::Http(HttpCall {
                method: "POST",
                url: "https://crm.example/".into(),
                headers: Vec::new(),
                body: Phi::new(Bytes::new()),
                records: records.iter().map(|one| one.id).collect(),
            })
        };
        planned.chunks(self.per_call).map(call).collect()
    }

    fn judge(&self, call: &Call, _: Reply) -> Judgement {
        let mut outcomes = Vec::new();
        for id in call.records() {
            let code = "x".to_owned();
            let retry = |scope, code| DeliveryOutcome::Retry {
                scope,
                after: None,
                code,
            };
            let (id, outcome) = match self.word(id) {
                Word::Delivered => (id, DeliveryOutcome::Delivered),
                Word::Record => (id, retry(RetryScope::Record, code)),
                Word::Recipient => (id, retry(RetryScope::Recipient, code)),
                Word::Refused => (id, DeliveryOutcome::Refused { code }),
                Word::Unknown => (id, DeliveryOutcome::Unknown { code }),
                Word::Silent => continue,
                Word::Foreign => (outbound(31).id, DeliveryOutcome::Delivered),
            };
            outcomes.push((id, outcome));
        }
        Judgement {
            outcomes,
            stop: false,
        }
    }
}

impl Careless {
    fn word(&self, id: DeliveryId) -> Word {
        self.words[usize::from(id.as_bytes()[0]) % self.words.len()]
    }
}

fn run(runner: &impl Destination, batch: Vec<Outbound>) -> Vec<DeliveryOutcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(runner.deliver(batch))
}

fn replies() -> impl Strategy<Value = Reply> {
    prop_oneof![
        4 => Just(status(200)),
        4 => (100..1000_u16).prop_map(status),
        1 => Just(Reply::NotSent("connect")),
        1 => Just(Reply::Lost("timeout")),
        1 => Just(Reply::Appended),
        1 => Just(Reply::NotPlaced("disk-full")),
    ]
}

proptest! {
    #[test]
    fn every_record_has_one_outcome(
        records in 0..31_u8,
        per_call in 1..8_usize,
        leaves_out in prop_oneof![4 => Just(0_usize), 1 => 1..4_usize],
        consecutive: bool,
        words in vec(words(), 1..32),
    ) {
        let adapter = Careless { per_call, leaves_out, consecutive, words: words.clone() };
        let (script, time) = (Script::default(), Arc::new(FakeTime::new()));
        let runner = runner(adapter, &script, Limits::default(), &time);
        let batch: Vec<Outbound> = (0..records).map(outbound).collect();
        let outcomes = run(&runner, batch);
        prop_assert_eq!(outcomes.len(), usize::from(records));
        let called: Vec<DeliveryId> = script
            .calls
            .lock()
            .unwrap()
            .iter()
            .flat_map(|call| call.records())
            .collect();
        let mut has_failed = false;
        for (number, outcome) in (0..records).zip(&outcomes) {
            let id = outbound(number).id;
            let word = words[usize::from(number) % words.len()];
            let is_silent = matches!(word, Word::Silent | Word::Foreign);
            let was_called = called.contains(&id);
            match outcome {
                DeliveryOutcome::Delivered => {
                    prop_assert!(was_called && matches!(word, Word::Delivered));
                }
                DeliveryOutcome::Unknown { code } if code == "unaccounted" => {
                    prop_assert!(is_silent || !was_called);
                }
                DeliveryOutcome::NotTried { code } => {
                    prop_assert!(!was_called);
                    prop_assert!(code == "behind-a-failure" || code == "breaker-open");
                }
                DeliveryOutcome::Retry { .. }
                | DeliveryOutcome::Refused { .. }
                | DeliveryOutcome::Unknown { .. } => prop_assert!(was_called && !is_silent),
            }
            // In an order that must be kept, nothing is called behind a call that failed.
            let starts_call = usize::from(number) % per_call == 0;
            prop_assert!(!(consecutive && starts_call && has_failed && was_called));
            has_failed |= *outcome != DeliveryOutcome::Delivered;
        }
    }

    #[test]
    fn a_webhook_accounts_for_any_script(
        replies in vec(replies(), 1..40),
        ask_first: bool,
    ) {
        let count = replies.len();
        let (script, time) = (Script::of(replies), Arc::new(FakeTime::new()));
        let adapter = webhook("https://crm.example/hook");
        let runner = runner(adapter, &script, Limits::default(), &time);
        for number in 0..count {
            let before = script.calls_made();
            if ask_first {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                let ready = runtime.block_on(async {
                    let mut ready = runner.ready();
                    std::future::poll_fn(|context| {
                        std::task::Poll::Ready(ready.as_mut().poll(context).is_ready())
                    })
                    .await
                });
                // Only who is gone is never ready.
                if !ready {
                    break;
                }
            }
            let outcomes = run(&runner, vec![outbound(u8::try_from(number).unwrap())]);
            prop_assert_eq!(outcomes.len(), 1);
            let was_called = script.calls_made() > before;
            let is_not_tried = matches!(outcomes[0], DeliveryOutcome::NotTried { .. });
            prop_assert_eq!(was_called, !is_not_tried);
            prop_assert!(was_called || !ask_first);
        }
    }
}
