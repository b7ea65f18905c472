//! The people around a gateway: patients who say yes and no, whoever places holds, and operators
//! who rule on what is parked, as its desk does what they say.

use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::Clock as _;
use isthmus_core::consent_store::{Consent, ConsentChoice};
use isthmus_core::delivery_queue::{HandOut, Whose};
use isthmus_core::executor::Executor as _;
use isthmus_core::hold::Hold;
use isthmus_core::id::Sequence;
use isthmus_core::journal::{Journal as _, ParkedAction, ParkedItem, ParkedRuling, Unit};
use isthmus_core::ledger::{LedgerEntry, LedgerEvent, LedgerFact};
use tokio::sync::oneshot;

use crate::messages::{Kind, Message, subject};
use crate::site::{CATEGORY, asking_flows, recipients};
use crate::world::{Running, World};

/// What is said of a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Consent(ConsentChoice),
    Hold(Option<Hold>),
}

/// How long a command waits for what is on its way.
const ON_ITS_WAY_MAX: Duration = Duration::from_mins(1);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What patients said before the run.
pub(crate) fn say_at_first(world: &World) {
    let mut tables = world.disk.tables();
    for patient in 1..=world.weather.patients {
        let says_yes = world.machine.chance(700);
        if says_yes {
            let consent = Consent {
                choice: ConsentChoice::OptIn,
                version: 1,
                recorded_at: world.machine.now(),
            };
            let key = (subject(patient), CATEGORY.to_owned());
            tables.consents.insert(key, vec![consent]);
        } else {
            world.facts().lacked_until.insert(patient, u64::MAX);
        }
    }
}

/// Patients change their minds, and holds are placed and lifted.
pub(crate) async fn speak(world: Arc<World>) {
    let World {
        machine, weather, ..
    } = &*world;
    if !(weather.words || weather.holds) {
        return;
    }
    for _ in 0..machine.below(24) {
        machine.while_passes(weather.between / 2).await;
        let patient = u8::try_from(1 + machine.below(weather.patients.into())).unwrap();
        let is_hold = !weather.words || (weather.holds && machine.chance(400));
        let word = match (is_hold, machine.below(3)) {
            (false, 0 | 1) => Word::Consent(ConsentChoice::OptOut),
            (false, _) => Word::Consent(ConsentChoice::OptIn),
            (true, 0) => Word::Hold(Some(Hold::Review)),
            (true, 1) => Word::Hold(Some(Hold::Restriction)),
            (true, _) => Word::Hold(None),
        };
        say(&world, patient, word).await;
    }
    for patient in 1..=weather.patients {
        if weather.holds {
            while !say(&world, patient, Word::Hold(None)).await {
                machine.pause(Duration::from_millis(500)).await;
            }
        }
    }
}

/// Has the desk record a word. True when it answered.
async fn say(world: &Arc<World>, patient: u8, word: Word) -> bool {
    let Some(running) = world.running() else {
        return false;
    };
    let (reply, answered) = oneshot::channel();
    let desk = Arc::clone(world);
    let process = Arc::clone(&running.process);
    let task = async move {
        record(&desk, &running, patient, word).await;
        let _gone = reply.send(());
    };
    process.spawn("desk", Box::pin(task));
    answered.await.is_ok()
}

/// Records a word; one that takes something back answers when nothing that was decided before is
/// on its way.
async fn record(world: &Arc<World>, running: &Running, patient: u8, word: Word) {
    let World {
        machine, weather, ..
    } = &**world;
    machine.while_passes(weather.sync).await;
    commit(world, patient, word);
    machine.while_passes(weather.sync).await;
    wake(running);
    let takes_back = match word {
        Word::Consent(choice) => choice == ConsentChoice::OptOut,
        Word::Hold(hold) => hold.is_some(),
    };
    if takes_back && nothing_on_its_way(world, running, patient).await {
        let mut facts = world.facts();
        // Somebody may have said otherwise meanwhile.
        let tables = world.disk.tables();
        let newest = tables.newest_word(subject(patient), CATEGORY);
        if newest.is_some_and(|word| word.choice == ConsentChoice::OptOut)
            && word == Word::Consent(ConsentChoice::OptOut)
        {
            facts.withdrawn.insert(patient);
        }
        if tables.holds.contains_key(&subject(patient)) && matches!(word, Word::Hold(_)) {
            facts.held.insert(patient);
        }
    }
}

fn commit(world: &World, patient: u8, word: Word) {
    let World {
        machine, weather, ..
    } = world;
    let mut facts = world.facts();
    let mut tables = world.disk.tables();
    let now = machine.polls();
    match word {
        Word::Consent(choice) => {
            let yes = choice == ConsentChoice::OptIn;
            let takes_back = if yes { Vec::new() } else { asking_flows() };
            if yes {
                facts.withdrawn.remove(&patient);
            }
            weather.count(if yes {
                "consents given"
            } else {
                "consents withdrawn"
            });
            machine.note("word", &[patient.into(), u64::from(yes)]);
            let lacked = if yes { now } else { u64::MAX };
            let before = facts.lacked_until.get(&patient).copied();
            if !yes || before == Some(u64::MAX) {
                facts.lacked_until.insert(patient, lacked);
            }
            let said = (choice, machine.now());
            tables.say(subject(patient), CATEGORY, said, &takes_back);
        }
        Word::Hold(hold) => {
            if hold.is_none() {
                facts.held.remove(&patient);
            } else {
                weather.count("holds placed");
            }
            machine.note("hold", &[patient.into(), u64::from(hold.is_some())]);
            tables.set_hold(subject(patient), hold);
        }
    }
}

fn wake(running: &Running) {
    for recipient in recipients() {
        running.queue.committed(&recipient);
    }
}

async fn nothing_on_its_way(world: &World, running: &Running, patient: u8) -> bool {
    let subject = subject(patient);
    let in_hand: Vec<HandOut> = running.queue.in_hand(Whose::Subject(&subject));
    let start = world.machine.passed();
    for one in &in_hand {
        while running.queue.is_in_hand(one) {
            if world.machine.passed().saturating_sub(start) > ON_ITS_WAY_MAX {
                return false;
            }
            world.machine.pause(LOOK_EVERY).await;
        }
    }
    true
}

/// Operators rule on what is parked; in the end they have everything tried again, in most runs.
pub(crate) async fn rule(world: Arc<World>) {
    let World {
        machine, weather, ..
    } = &*world;
    if !weather.rulings {
        return;
    }
    while !weather.is_calm() {
        world.pause_between().await;
        let parked = parked(&world);
        if parked.is_empty() || !machine.chance(500) {
            machine.pause(Duration::from_millis(100)).await;
            continue;
        }
        let chosen = usize::try_from(machine.below(parked.len() as u64)).unwrap();
        let is_delivery = matches!(parked[chosen], ParkedItem::Delivery(_));
        let action = if is_delivery && machine.chance(200) {
            ParkedAction::Drop
        } else {
            ParkedAction::Retry
        };
        act(&world, vec![parked[chosen].clone()], action).await;
    }
    loop {
        machine.pause(Duration::from_secs(20)).await;
        let parked = parked(&world);
        let open = world.disk.tables().open.len();
        if parked.is_empty() && open == 0 && !waits(&world) {
            return;
        }
        act(&world, parked, ParkedAction::Retry).await;
    }
}

/// Whether a delivery is on its way to a recipient, or waits for its time.
fn waits(world: &World) -> bool {
    !world.disk.tables().deliveries.is_empty()
}

/// What waits for a person and may do better the next time.
fn parked(world: &World) -> Vec<ParkedItem> {
    let tables = world.disk.tables();
    let rows = tables.deliveries.values();
    let rows = rows.filter(|row| row.parked.is_some());
    let deliveries = rows.map(|row| ParkedItem::Delivery(row.id));
    let messages = tables.intake.iter().filter(|(sequence, message)| {
        let read = Message::read(message.body.bytes.reveal());
        let is_plain = read.is_some_and(|message| message.kind == Kind::Plain);
        is_plain && tables.is_parked(**sequence)
    });
    let messages = messages.map(|(sequence, _)| ParkedItem::Message(Sequence(*sequence)));
    deliveries.chain(messages).collect()
}

async fn act(world: &Arc<World>, items: Vec<ParkedItem>, action: ParkedAction) {
    let Some(running) = world.running() else {
        return;
    };
    if items.is_empty() {
        return;
    }
    world.weather.count_many("rulings", items.len() as u64);
    let reopened = items.iter().filter_map(|item| match item {
        ParkedItem::Message(sequence) => Some(sequence.0),
        ParkedItem::Delivery(_) => None,
    });
    world.facts().reopened.extend(reopened);
    let now = world.machine.now();
    let rulings = items.into_iter().map(|item| ParkedRuling {
        item,
        action,
        at: now,
        entry: LedgerEntry::without_subject(&LedgerFact {
            at: now,
            event: LedgerEvent::Ruling,
            outcome: "ruled".to_owned(),
            reason: None,
            attempt: None,
            ruling: None,
            terms: None,
            subject: None,
        }),
    });
    let unit = Unit::Rulings(rulings.collect());
    let (reply, answered) = oneshot::channel();
    let process = Arc::clone(&running.process);
    let task = async move {
        let committed = running.store.commit(unit).await;
        wake(&running);
        let _gone = reply.send(committed.is_ok());
    };
    process.spawn("desk", Box::pin(task));
    let _gone = answered.await;
}
