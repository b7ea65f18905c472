//! One run from its beginning to its verdict: the same plan gives the same trace.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::facts::{Breach, Invariant};
use crate::faults;
use crate::gateway;
use crate::invariants::judge;
use crate::machine::Went;
use crate::people;
use crate::plan::Plan;
use crate::senders;
use crate::tables::Tables;
use crate::world::World;

/// The most that a run may take.
const POLLS_MAX: u64 = 500_000;
const TIME_MAX: Duration = Duration::from_hours(3);

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) plan: Plan,
    pub(crate) hash: u64,
    pub(crate) breaches: Vec<Breach>,
    pub(crate) totals: BTreeMap<&'static str, u64>,
    pub(crate) lines: Vec<String>,
}

/// Performs a run.
pub(crate) fn run(plan: Plan, keeps_lines: bool) -> Verdict {
    let world = World::new(plan, keeps_lines);
    let went = catch_unwind(AssertUnwindSafe(|| go(&world)));
    if went.is_err() {
        let how = "something panicked".to_owned();
        world.facts().breach(Invariant::Standstill, how);
    }
    world.machine.clear();
    let _gone = world.take_running();
    judge(&mut world.facts(), &world.disk.tables());
    let machine = &world.machine;
    let wrong = *world.exchange.wrong_acknowledgements.lock().unwrap();
    if wrong > 0 {
        let how = format!("{wrong} acknowledgements of nothing to the broker");
        world.facts().breach(Invariant::Standstill, how);
    }
    count_what_is_left(&world);
    let breaches = std::mem::take(&mut world.facts().breaches);
    Verdict {
        plan,
        hash: machine.trace_hash(),
        breaches,
        totals: world.weather.totals(),
        lines: machine.take_lines(),
    }
}

fn count_what_is_left(world: &World) {
    let tables = world.disk.tables();
    let done = tables.done.values();
    let kept = done.filter(|one| one.outcome.is_some()).count();
    let rows = tables.deliveries.values();
    let parked = rows.filter(|row| row.parked.is_some()).count();
    let weather = &world.weather;
    weather.count_many("polls", world.machine.polls());
    weather.count_many("withheld or dropped", kept as u64);
    weather.count_many("parked in the end", parked as u64);
    weather.count_many("parked", tables.parked);
    weather.count_many("made again", tables.rebuilt);
}

fn go(world: &Arc<World>) {
    world.disk.tables().retries_rejoin =
        world.plan.planted == Some(crate::plan::Planted::RetriesRejoin);
    people::say_at_first(world);
    gateway::start(world);
    senders::start(world);
    world.start("faults", faults::strike(Arc::clone(world)));
    world.start("words", people::speak(Arc::clone(world)));
    world.start("rulings", people::rule(Arc::clone(world)));
    loop {
        match world.machine.step() {
            Went::On => {
                if world.machine.polls() > POLLS_MAX {
                    return stand_still(world, "it never ends");
                }
            }
            Went::Crash => gateway::crash(world),
            Went::Waited => {
                if is_done(world) {
                    return;
                }
                if world.machine.passed() > TIME_MAX {
                    return stand_still(world, "it waits for ever");
                }
            }
            Went::Nowhere if is_done(world) => return,
            Went::Nowhere => return stand_still(world, "nobody can go on"),
        }
    }
}

fn stand_still(world: &World, how: &str) {
    let of = Invariant::Standstill;
    world.facts().breach(of, how.to_owned());
}

/// Whether everybody is done, and nothing is left that goes on by itself.
fn is_done(world: &World) -> bool {
    if world.is_busy() || !world.weather.is_calm() || world.running().is_none() {
        return false;
    }
    let tables = world.disk.tables();
    let is_quiet = tables.open.is_empty() && tables.owed.is_empty();
    is_quiet && world.on_wire.load(Ordering::SeqCst) == 0 && is_stuck(&tables)
}

/// Whether whatever is left waits for a person, or behind what does.
fn is_stuck(tables: &Tables) -> bool {
    let mut heads = tables.lanes.values().filter_map(|rows| rows.first());
    heads.all(|head| {
        let row = tables.deliveries.get(head);
        row.is_some_and(|row| row.parked.is_some())
    })
}
