//! Runs the deliver loop over scripted draws and tells what it did; what it must do is in
//! `before_sending`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue};
use isthmus_core::destination::{DeliveryOutcome, Destination};
use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_core::journal::Step;
use isthmus_pipeline::deliver_loop::DeliverLoop;
use isthmus_pipeline::retry_schedule::RetrySchedule;

use crate::door::Door;
use crate::machine::Machine;
use crate::patients::Patients;
use crate::questions::before_sending;
use crate::stand_ins::{Script, never, run};

/// What a run of the loop did, by the numbers of the deliveries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) sent: Vec<u8>,
    pub(crate) settled: Vec<(u8, Step)>,
    pub(crate) given_back: Vec<u8>,
    pub(crate) waits: Vec<Duration>,
}

/// Draws each of these batches once. What is sent fares as `outcomes` say, then arrives.
pub(crate) fn deliver(
    policy: &str,
    patients: Patients,
    outcomes: Vec<DeliveryOutcome>,
    draws: Vec<Vec<Delivery>>,
) -> Seen {
    let queue = Arc::new(Script {
        draws: Mutex::new(draws.into()),
        ..Script::default()
    });
    let door = Arc::new(Door {
        recipient: RecipientId::new("mailer"),
        outcomes: Mutex::new(VecDeque::from(outcomes)),
        sent: Mutex::default(),
    });
    let machine = Arc::new(Machine::default());
    let deliver = DeliverLoop {
        queue: Arc::clone(&queue) as Arc<dyn DeliveryQueue>,
        destination: Arc::clone(&door) as Arc<dyn Destination>,
        before_sending: before_sending(policy, Arc::new(patients)),
        schedule: RetrySchedule::default(),
        clock: Arc::clone(&machine) as Arc<dyn Clock>,
        executor: Arc::clone(&machine) as _,
    };
    run(deliver.run(never())).unwrap_err();
    let number = |id: &DeliveryId| *id.as_bytes().first().unwrap();
    let settled = queue.settled.lock().unwrap();
    let given_back = queue.given_back.lock().unwrap();
    Seen {
        sent: door.sent.lock().unwrap().iter().map(number).collect(),
        settled: settled
            .iter()
            .map(|one| (number(&one.id), one.step.clone()))
            .collect(),
        given_back: given_back.iter().map(number).collect(),
        waits: machine.waits.lock().unwrap().clone(),
    }
}
