//! A broker's queue as an adapter; messages are made in `request`, the broker's answers read in
//! `response`.

use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{Outbound, Takes};

use crate::adapter::{Adapter, AdapterConfig, Call, Judgement, Manifest, Problem, Reply};
use crate::amqp::config::{AT_ONCE, AmqpConfig, Payload};
use crate::amqp::request::Template;
use crate::amqp::{request, response};
use crate::cloud_event::EventTemplate;
use crate::jwe::MessageKey;

/// What it is and takes, unless the configuration says otherwise.
pub const MANIFEST: Manifest = Manifest {
    name: "amqp",
    about: "one message a record through RabbitMQ: CloudEvents 1.0, sealed as JWE unless stated",
    takes: Takes {
        batch: Draw {
            limit: 1,
            consecutive: false,
        },
        at_once: AT_ONCE,
    },
    record_at: &["data", "record"],
    takes_signals: false,
};

/// Sends one message a record.
#[derive(Debug)]
pub struct Amqp {
    template: Template,
    at_once: usize,
}

impl Amqp {
    /// A destination by its configuration and the key that this refers to.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration; `seal_key` when the key is missing.
    pub fn new(config: &AmqpConfig, seal: Option<MessageKey>) -> Result<Self, Vec<Problem>> {
        let mut problems = config.validate();
        let is_sealed = config.payload == Payload::Sealed;
        if problems.is_empty() && is_sealed != seal.is_some() {
            let mend = "let the reference lead to 64 hexadecimal digits";
            problems.push(Problem::new("seal_key", "the key is missing", mend));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let by_kind = config.routing_keys.iter();
        Ok(Self {
            template: Template {
                exchange: config.exchange.as_str().into(),
                routing_key: config.routing_key.as_str().into(),
                routing_keys: by_kind
                    .map(|(kind, key)| (kind.clone(), key.as_str().into()))
                    .collect(),
                event: EventTemplate::new(config.data_classification()),
                seal: seal.map(Arc::new),
            },
            at_once: config.at_once,
        })
    }
}

impl Adapter for Amqp {
    fn manifest(&self) -> Manifest {
        let takes = Takes {
            at_once: self.at_once,
            ..MANIFEST.takes
        };
        Manifest { takes, ..MANIFEST }
    }

    fn plan(&self, batch: &[Outbound], _now: Timestamp) -> Vec<Call> {
        request::plan(&self.template, batch)
    }

    fn judge(&self, call: &Call, reply: Reply) -> Judgement {
        response::judge(call, reply)
    }
}
