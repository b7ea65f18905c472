//! The weather of a run: which kinds of faults there are in it, drawn from the seed, and how often
//! they strike. Most runs have some kinds and not others, so that one kind does not hide another.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::machine::Machine;

/// What may happen in a run.
#[derive(Debug)]
pub(crate) struct Weather {
    pub(crate) crashes: bool,
    pub(crate) stops: bool,
    pub(crate) sync_failures: bool,
    pub(crate) full: bool,
    pub(crate) clock_jumps: bool,
    pub(crate) outages: bool,
    pub(crate) reloads: bool,
    pub(crate) lost_answers: bool,
    pub(crate) failures: bool,
    pub(crate) refusals: bool,
    pub(crate) lost_acks: bool,
    pub(crate) repeats: bool,
    pub(crate) words: bool,
    pub(crate) holds: bool,
    pub(crate) rulings: bool,
    pub(crate) poison: bool,
    pub(crate) keys: bool,
    pub(crate) consents: bool,
    pub(crate) broker: bool,
    /// How many patients there are.
    pub(crate) patients: u8,
    /// How often recipients fail, of a thousand.
    pub(crate) failing: u64,
    /// How often their answers are lost.
    pub(crate) losing: u64,
    /// How often they refuse.
    pub(crate) refusing: u64,
    /// How long a sync takes at most.
    pub(crate) sync: Duration,
    /// How long a way to a recipient or from a sender takes at most.
    pub(crate) latency: Duration,
    /// How long something between two faults takes at most.
    pub(crate) between: Duration,
    calm: AtomicBool,
    totals: Mutex<BTreeMap<&'static str, u64>>,
}

impl Weather {
    pub(crate) fn drawn(machine: &Machine) -> Self {
        let kind = || machine.chance(550);
        let rate = |choices: [u64; 3]| choices[usize::try_from(machine.below(3)).unwrap()];
        let millis = |choices| Duration::from_millis(rate(choices));
        Self {
            crashes: machine.chance(800),
            stops: kind(),
            sync_failures: kind(),
            full: kind(),
            clock_jumps: kind(),
            outages: kind(),
            reloads: kind(),
            lost_answers: kind(),
            failures: kind(),
            refusals: kind(),
            lost_acks: kind(),
            repeats: kind(),
            words: kind(),
            holds: kind(),
            rulings: kind(),
            poison: kind(),
            keys: machine.chance(200),
            consents: machine.chance(200),
            broker: machine.chance(800),
            patients: u8::try_from(1 + machine.below(5)).unwrap(),
            failing: rate([30, 120, 400]),
            losing: rate([20, 80, 300]),
            refusing: rate([5, 20, 80]),
            sync: millis([2, 20, 200]),
            latency: millis([5, 50, 500]),
            between: millis([40, 400, 4_000]),
            calm: AtomicBool::new(false),
            totals: Mutex::default(),
        }
    }

    /// Whether a fault of a kind happens now, so many times of a thousand.
    pub(crate) fn strikes(&self, machine: &Machine, kind: bool, permille: u64) -> bool {
        kind && !self.is_calm() && machine.chance(permille)
    }

    /// From now on nothing fails.
    pub(crate) fn calm_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    /// Counts something for the totals.
    pub(crate) fn count(&self, what: &'static str) {
        self.count_many(what, 1);
    }

    pub(crate) fn count_many(&self, what: &'static str, many: u64) {
        *self.totals.lock().unwrap().entry(what).or_default() += many;
    }

    pub(crate) fn totals(&self) -> BTreeMap<&'static str, u64> {
        self.totals.lock().unwrap().clone()
    }
}
