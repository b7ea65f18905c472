//! What goes wrong in a run, and when: drawn from the seed, up to a time after which everything
//! holds again. How often single steps fail is in `weather`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::gateway::stop;
use crate::plan::QueueKind;
use crate::site::{RECIPIENTS, recipients};
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Crash,
    Stop,
    SyncFailure,
    Full,
    ClockJump,
    Outage,
    Reload,
    BrokerCut,
    BrokerAway,
    BrokerBlocked,
    BrokerEmptied,
    Intruder,
}

/// The most that happens in one run.
const STRIKES_MAX: u64 = 60;

const HOUR: i64 = 3_600_000;

/// Lets faults happen, then none any more.
pub(crate) async fn strike(world: Arc<World>) {
    let World {
        machine, weather, ..
    } = &*world;
    let has_broker = weather.broker && world.plan.queue == QueueKind::RabbitMq;
    let kinds = [
        (Fault::Crash, weather.crashes),
        (Fault::Crash, weather.crashes),
        (Fault::Crash, weather.crashes),
        (Fault::Stop, weather.stops),
        (Fault::SyncFailure, weather.sync_failures),
        (Fault::Full, weather.full),
        (Fault::ClockJump, weather.clock_jumps),
        (Fault::Outage, weather.outages),
        (Fault::Reload, weather.reloads),
        (Fault::BrokerCut, has_broker),
        (Fault::BrokerCut, has_broker),
        (Fault::BrokerAway, has_broker),
        (Fault::BrokerBlocked, has_broker),
        (Fault::BrokerEmptied, has_broker),
        (Fault::Intruder, has_broker),
    ];
    let kinds = kinds.into_iter().filter(|(_, is_in)| *is_in);
    let kinds: Vec<Fault> = kinds.map(|(fault, _)| fault).collect();
    let count = if kinds.is_empty() {
        0
    } else {
        machine.below(16)
    };
    let mut furthest = 0;
    let mut struck = 0;
    // There is trouble as long as somebody sends, within bounds.
    while struck < count || (world.sending.load(Ordering::SeqCst) > 0 && struck < STRIKES_MAX) {
        struck += 1;
        world.pause_between().await;
        world.pause_between().await;
        let chosen = usize::try_from(machine.below(kinds.len() as u64)).unwrap();
        if let Some(fault) = kinds.get(chosen) {
            happen(&world, *fault, &mut furthest).await;
        }
    }
    world.pause_between().await;
    weather.calm_down();
    world.disk.set_full(0);
    world.disk.fail_syncs(0);
    // The clock is right again: no retry lies far ahead of it.
    machine.set_clock(furthest);
    machine.note("calm", &[]);
}

async fn happen(world: &Arc<World>, fault: Fault, furthest: &mut i64) {
    let World {
        machine, weather, ..
    } = &**world;
    match fault {
        Fault::Crash => {
            let limit = [4, 40, 400][usize::try_from(machine.below(3)).unwrap()];
            machine.crash_in(machine.below(limit));
        }
        Fault::Stop => stop(world).await,
        Fault::SyncFailure => {
            weather.count("sync failures");
            world.disk.fail_syncs(1);
        }
        Fault::Full => {
            weather.count("times full");
            let level = 1 + machine.below(3);
            world.disk.set_full(u8::try_from(level).unwrap());
            machine.while_passes(Duration::from_secs(20)).await;
            world.disk.set_full(0);
        }
        Fault::ClockJump => {
            weather.count("clock jumps");
            let offset = match machine.below(6) {
                0 => HOUR,
                1 => -HOUR,
                2 => 24 * HOUR,
                3 => 80 * HOUR,
                // Back to 1970.
                4 => -56 * 365 * 24 * HOUR,
                _ => 0,
            };
            *furthest = (*furthest).max(offset);
            machine.note("clock", &[offset.unsigned_abs(), u64::from(offset < 0)]);
            machine.set_clock(offset);
        }
        Fault::Outage => {
            weather.count("recipients away");
            let chosen = usize::try_from(machine.below(RECIPIENTS.len() as u64)).unwrap();
            let time = machine.some_time(Duration::from_mins(2));
            machine.note("away", &[chosen as u64]);
            world.send_away(RECIPIENTS[chosen], time);
        }
        Fault::Reload => {
            weather.count("policies reloaded");
            machine.note("reload", &[]);
            world.change_rules();
        }
        Fault::BrokerCut
        | Fault::BrokerAway
        | Fault::BrokerBlocked
        | Fault::BrokerEmptied
        | Fault::Intruder => trouble_broker(world, fault),
    }
}

fn trouble_broker(world: &World, fault: Fault) {
    let World {
        machine,
        weather,
        exchange,
        ..
    } = world;
    let recipient = usize::try_from(machine.below(RECIPIENTS.len() as u64)).unwrap();
    let recipient = recipients().nth(recipient).unwrap();
    let time = machine.some_time(Duration::from_mins(1));
    machine.note("broker", &[fault as u64]);
    match fault {
        Fault::BrokerAway => {
            weather.count("broker: restarts");
            exchange.go_away(time);
        }
        Fault::BrokerBlocked => {
            weather.count("broker: times blocked");
            exchange.block(time);
        }
        Fault::BrokerEmptied => {
            weather.count("broker: times emptied");
            exchange.empty();
        }
        Fault::Intruder => exchange.intrude(&recipient),
        _ => {
            weather.count("broker: connections cut");
            let only = machine.chance(500).then_some(&recipient);
            exchange.cut(only);
        }
    }
}
