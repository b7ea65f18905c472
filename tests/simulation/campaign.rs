//! Many runs: which seeds, what they add up to, and what is told of one that fails.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Instant;

use crate::facts::Invariant;
use crate::plan::{Plan, Planted, QueueKind};
use crate::run::{Verdict, run};

/// What runs added up to.
#[derive(Debug, Default)]
pub(crate) struct Totals(BTreeMap<&'static str, u64>);

impl Totals {
    pub(crate) fn add(&mut self, verdict: &Verdict) {
        for (what, count) in &verdict.totals {
            *self.0.entry(what).or_default() += count;
        }
    }

    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    fn table(&self) -> String {
        let lines = self.0.iter();
        let lines = lines.map(|(what, count)| format!("  {what:<32}{count:>12}\n"));
        lines.collect()
    }
}

/// Shows a text although the test harness keeps what is printed.
fn show(text: &str) {
    let mut standard_error = std::io::stderr();
    let _closed = standard_error.write_all(text.as_bytes());
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// How to repeat a run.
fn command(plan: &Plan) -> String {
    format!(
        "SIMULATION_SEED={} SIMULATION_QUEUE={} cargo test -p isthmus-tests --test simulation \
         one_seed",
        plan.seed,
        plan.queue.code()
    )
}

fn asked_queue() -> Option<QueueKind> {
    let code = std::env::var("SIMULATION_QUEUE").ok()?;
    let kind = QueueKind::parse(&code);
    Some(kind.unwrap_or_else(|| panic!("SIMULATION_QUEUE is no queue: {code}")))
}

/// The first of so many seeds with which a planted fault breaks this.
pub(crate) fn find(
    planted: Planted,
    queue: QueueKind,
    seeds: u64,
    expected: Invariant,
) -> Option<Verdict> {
    let plans = (0..seeds).map(|seed| Plan {
        seed,
        queue,
        planted: Some(planted),
    });
    plans
        .map(|plan| run(plan, false))
        .find(|verdict| verdict.breaches.iter().any(|one| one.of == expected))
}

/// Panics in the maps of these tests are part of them.
pub(crate) fn silence_planted_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let text = panic.payload_as_str();
            if text != Some(crate::messages::PANIC) {
                told(panic);
            }
        }));
    });
}

/// What has to happen in many runs.
const HAPPENS: [&str; 26] = [
    "acknowledged",
    "acknowledgements lost",
    "answers heard",
    "answers heard and told again",
    "answers lost",
    "answers put off",
    "attempts after a restart",
    "attempts again",
    "attempts while away",
    "clock jumps",
    "consents given",
    "consents withdrawn",
    "crashes",
    "holds placed",
    "keys unreadable",
    "made again",
    "parked",
    "policies reloaded",
    "records delivered",
    "refusals of recipients",
    "refused acknowledgements",
    "repeats dropped by the sink",
    "rulings",
    "stops",
    "sync failures",
    "times full",
];

/// What has to happen to a broker.
const HAPPENS_TO_BROKERS: [&str; 11] = [
    "broker: confirms late",
    "broker: confirms lost",
    "broker: connections cut",
    "broker: connections refused",
    "broker: copies",
    "broker: lost unconfirmed",
    "broker: nacks",
    "broker: restarts",
    "broker: returned",
    "broker: set aside",
    "broker: times blocked",
];

fn assert_not_trivial(totals: &Totals, seeds: u64, queue: QueueKind) {
    if seeds < 100 {
        return;
    }
    let of_broker = match queue {
        QueueKind::Embedded => &[][..],
        QueueKind::RabbitMq => &HAPPENS_TO_BROKERS[..],
    };
    for what in HAPPENS.iter().chain(of_broker) {
        let count = totals.of(what);
        assert!(count >= seeds / 20, "{what}: only {count} in {seeds} runs");
    }
}

/// Performs runs and tells what they add up to; fails with how to repeat the first that does.
fn perform(queue: QueueKind) {
    silence_planted_panics();
    if asked_queue().is_some_and(|asked| asked != queue) {
        return;
    }
    let seeds = number("SIMULATION_SEEDS").unwrap_or(250);
    let first = number("SIMULATION_FIRST").unwrap_or(0);
    let (mut totals, begin) = (Totals::default(), Instant::now());
    let mut failed = Vec::new();
    for seed in first..first + seeds {
        let plan = Plan {
            seed,
            queue,
            planted: None,
        };
        let verdict = run(plan, false);
        totals.add(&verdict);
        if let Some(breach) = verdict.breaches.first() {
            show(&format!("{} seed {seed}: {breach:?}\n", queue.code()));
            failed.push(verdict);
        }
        let done = seed - first + 1;
        if done.is_multiple_of(1_000) {
            let (queue, failed) = (queue.code(), failed.len());
            show(&format!(
                "{queue}: {done} of {seeds} runs, {failed} failed\n"
            ));
        }
    }
    show(&format!(
        "{}: {seeds} runs in {:.1} s, {} failed\n{}",
        queue.code(),
        begin.elapsed().as_secs_f64(),
        failed.len(),
        totals.table()
    ));
    if let Some(verdict) = failed.first() {
        let (breaches, command) = (&verdict.breaches, command(&verdict.plan));
        panic!("{breaches:#?}\nrepeat it:\n{command}");
    }
    assert_not_trivial(&totals, seeds, queue);
}

#[test]
fn every_seed_keeps_the_promises_over_the_store() {
    perform(QueueKind::Embedded);
}

#[test]
fn every_seed_keeps_the_promises_over_a_broker() {
    perform(QueueKind::RabbitMq);
}

#[test]
fn one_seed_gives_the_same_trace_every_time() {
    silence_planted_panics();
    let asked = number("SIMULATION_SEED");
    let seeds = asked.map_or(0..20, |seed| seed..seed + 1);
    let queues = asked_queue().map_or_else(|| QueueKind::ALL.to_vec(), |one| vec![one]);
    for queue in queues {
        for seed in seeds.clone() {
            let plan = Plan {
                seed,
                queue,
                planted: None,
            };
            let (one, other) = (run(plan, asked.is_some()), run(plan, false));
            for line in &one.lines {
                show(&format!("{line}\n"));
            }
            assert_eq!(one.hash, other.hash, "seed {seed} went two ways");
            let breaches = &one.breaches;
            assert!(breaches.is_empty(), "seed {seed}: {breaches:#?}");
        }
    }
}
