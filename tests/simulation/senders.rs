//! The senders: each connection sends its messages one after the other, and one again under its
//! control id until it hears that it is acknowledged. What comes of them is judged in `invariants`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};
use isthmus_core::clock::Clock as _;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::executor::Executor as _;
use isthmus_core::id::SenderId;
use isthmus_core::intake::{Accepted, Numbered};
use isthmus_core::phi::Phi;
use isthmus_core::subject::Digester;
use tokio::sync::oneshot;

use crate::facts::Invariant;
use crate::messages::{Kind, Message, Name, subject};
use crate::site::SECRET;
use crate::world::World;

/// How long a sender waits for an acknowledgement.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts all connections.
pub(crate) fn start(world: &Arc<World>) {
    let connections = 2 + world.machine.below(3);
    for connection in 0..connections {
        let sender = Sender {
            world: Arc::clone(world),
            connection: u8::try_from(connection).unwrap(),
            id: SenderId::new(&format!("s{connection}")),
            digester: Digester::new(&SECRET),
            numbers: world.machine.chance(300),
        };
        let count = 3 + world.machine.below(8);
        world.sending.fetch_add(1, Ordering::SeqCst);
        let task = async move {
            sender.send_all(u16::try_from(count).unwrap()).await;
            sender.world.sending.fetch_sub(1, Ordering::SeqCst);
        };
        world.start("sender", task);
    }
}

struct Sender {
    world: Arc<World>,
    connection: u8,
    id: SenderId,
    digester: Digester,
    /// Whether it numbers its messages, as HL7's sequence number protocol has it.
    numbers: bool,
}

impl Sender {
    async fn send_all(&self, count: u16) {
        let World {
            machine, weather, ..
        } = &*self.world;
        for number in 0..count {
            self.world.pause_between().await;
            let message = self.message(number);
            weather.count("messages");
            // Some senders' counters begin anew.
            let reused = weather.repeats && machine.chance(40);
            let control = if reused { 0 } else { number };
            self.send(&message, control).await;
            if weather.repeats && machine.chance(100) {
                let _same_answer = self.ask(&message, control).await;
            }
        }
    }

    fn message(&self, number: u16) -> Message {
        let World {
            machine, weather, ..
        } = &*self.world;
        let patient = || u8::try_from(1 + machine.below(weather.patients.into())).unwrap();
        let mut patients = vec![patient()];
        if machine.chance(80) {
            patients.push(patient());
            patients.sort_unstable();
            patients.dedup();
        }
        let kind = if weather.poison && machine.chance(60) {
            if machine.chance(500) {
                Kind::Poison
            } else {
                Kind::Strange
            }
        } else {
            Kind::Plain
        };
        Message {
            name: Name {
                connection: self.connection,
                number,
            },
            kind,
            patients,
            parts: if machine.chance(150) { 2 } else { 1 },
        }
    }

    /// Sends a message until it is acknowledged.
    async fn send(&self, message: &Message, control: u16) {
        let World {
            machine, weather, ..
        } = &*self.world;
        let mut longest = REST;
        loop {
            self.world.facts().send(message, machine.polls());
            let answer = self.ask(message, control).await;
            if let Some(accepted) = answer {
                if weather.strikes(machine, weather.lost_acks, 100) {
                    weather.count("acknowledgements lost");
                } else {
                    let now = machine.polls();
                    self.world.facts().acknowledge(message.name, now);
                    weather.count("acknowledged");
                    let of = [message.name.code(), accepted.sequence.0];
                    machine.note("acknowledged", &of);
                    return;
                }
            }
            weather.count("sent again");
            machine.while_passes(longest).await;
            longest = (longest * 2).min(PATIENCE);
        }
    }

    /// The answer of the gateway's intake, when there is a gateway and it says yes.
    async fn ask(&self, message: &Message, control: u16) -> Option<Accepted> {
        let World {
            machine, weather, ..
        } = &*self.world;
        let running = self.world.running()?;
        let (reply, answered) = oneshot::channel();
        let envelope = self.envelope(message, control);
        machine.note("sent", &[message.name.code()]);
        let (pause, intake) = (machine.some_time(weather.latency), &running.intake);
        let (intake, machine_) = (Arc::clone(intake), Arc::clone(machine));
        let world = Arc::clone(&self.world);
        let numbered = self.numbers.then(|| u64::from(message.name.number) + 1);
        let connection = async move {
            machine_.pause(pause).await;
            let answer = match numbered {
                None => intake.accept(envelope).await.ok(),
                Some(number) => match intake.accept_numbered(envelope, number).await {
                    Ok(Numbered::Accepted(accepted)) => Some(accepted),
                    Ok(Numbered::NotExpected(expected)) => {
                        let how = format!("number {number} was refused, {expected} expected");
                        world.facts().breach(Invariant::Standstill, how);
                        None
                    }
                    Err(_refused) => None,
                },
            };
            machine_.pause(pause).await;
            // The sender may have given up.
            let _gone = reply.send(answer);
        };
        running.process.spawn("connection", Box::pin(connection));
        drop(running);
        let patience = machine.pause(PATIENCE);
        match select(answered, patience).await {
            Either::Left((Ok(Some(accepted)), _)) => Some(accepted),
            Either::Left((Ok(None), _)) => {
                weather.count("refused acknowledgements");
                None
            }
            Either::Left((Err(_), _)) | Either::Right(_) => None,
        }
    }

    fn envelope(&self, message: &Message, control: u16) -> Envelope<RawMessage> {
        let text = message.text().into_bytes();
        let control = control.to_be_bytes();
        Envelope {
            id: self.digester.message(&self.id, &control, &text),
            sender: self.id.clone(),
            received_at: self.world.machine.now(),
            subject: match message.patients.as_slice() {
                [one] => Some(subject(*one)),
                _ => None,
            },
            body: RawMessage {
                bytes: Phi::new(text.into()),
                control_id: self.digester.control_id(&self.id, &control),
            },
        }
    }
}

/// The longest wait before a message is sent again for the first time.
const REST: Duration = Duration::from_millis(200);

/// The id of a message as the gateway knows it.
pub(crate) fn is_text_of(envelope: &Envelope<RawMessage>, message: &Message) -> bool {
    envelope.body.bytes.reveal().as_ref() == message.text().as_bytes()
}
