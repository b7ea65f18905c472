//! What senders ask to be told of the content of their messages, who words it, and how they hear
//! it: over lines that break, with acknowledgements that get lost. What has to come of it is in
//! `invariants`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use isthmus_core::application_answer::ApplicationAnswer;
use isthmus_core::application_answers::ApplicationAnswers;
use isthmus_core::clock::Timestamp;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::SenderId;
use isthmus_core::journal::Outcome;
use isthmus_core::phi::Phi;
use isthmus_ingress::answer_ways::{AnswerWays, Telling, Told};

use crate::machine::Group;
use crate::messages::{Message, Name};
use crate::world::World;

/// Whether a message asks to be told of this outcome. Its name tells, so that it asks the same
/// whenever it is sent.
pub(crate) const fn asks(name: Name, is_success: bool) -> bool {
    if name.connection % 2 == 1 {
        return false;
    }
    match name.number % 4 {
        0 => true,
        1 => is_success,
        2 => !is_success,
        _ => false,
    }
}

/// Words answers: the message's name, and whether it fared well.
pub(crate) struct Clerk {
    /// The run of the gateway; no two have one id in common.
    pub(crate) run: Group,
    pub(crate) count: AtomicU64,
}

impl ApplicationAnswers for Clerk {
    fn answer(
        &self,
        message: &Envelope<RawMessage>,
        outcome: &Outcome,
        _at: Timestamp,
    ) -> Option<ApplicationAnswer> {
        let name = Message::read(message.body.bytes.reveal())?.name;
        let is_success = matches!(outcome, Outcome::Translated { .. });
        if !asks(name, is_success) {
            return None;
        }
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        Some(ApplicationAnswer {
            sender: message.sender.clone(),
            message: message.id,
            control_id: format!("{}-{count}", self.run.0),
            accept: name.connection.is_multiple_of(4),
            bytes: Phi::new(format!("{is_success}").into_bytes()),
        })
    }
}

/// The senders' side.
pub(crate) struct Ears {
    pub(crate) world: Arc<World>,
}

impl Ears {
    async fn hear(&self, answer: Telling) -> Told {
        let World {
            machine, weather, ..
        } = &*self.world;
        machine
            .while_passes(machine.some_time(weather.latency))
            .await;
        if weather.strikes(machine, weather.lost_answers, 200) {
            weather.count("answers put off");
            return Told::NotNow;
        }
        let is_success = answer.bytes.reveal() == b"true";
        self.world
            .facts()
            .hear(answer.message, answer.control_id, is_success);
        weather.count("answers heard");
        if answer.accept && weather.strikes(machine, weather.lost_acks, 200) {
            weather.count("answers heard and told again");
            return Told::NotNow;
        }
        machine
            .while_passes(machine.some_time(weather.latency))
            .await;
        Told::Heard
    }
}

impl AnswerWays for Ears {
    fn is_open(&self, _sender: &SenderId) -> bool {
        let World {
            machine, weather, ..
        } = &*self.world;
        !weather.strikes(machine, weather.outages, 200)
    }

    fn opened<'a>(&'a self, _sender: &'a SenderId) -> BoxFuture<'a, ()> {
        let wait = self.world.machine.some_time(Duration::from_mins(2));
        let machine = Arc::clone(&self.world.machine);
        Box::pin(async move { machine.while_passes(wait).await })
    }

    fn tell<'a>(
        &'a self,
        _sender: &'a SenderId,
        answers: Vec<Telling>,
    ) -> BoxFuture<'a, Vec<Told>> {
        Box::pin(async move {
            let mut told = Vec::new();
            for answer in answers {
                told.push(self.hear(answer).await);
            }
            told
        })
    }

    fn rest(&self, _sender: &SenderId) {}
}
