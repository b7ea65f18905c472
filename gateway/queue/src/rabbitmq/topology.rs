//! `Topology`, the exchanges, queues and bindings that carry deliveries: their names, their
//! arguments, and declaring them. A queue that is there with other arguments is an error that a
//! person has to mend.

use isthmus_core::id::RecipientId;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use crate::broker::BrokerError;
use crate::rabbitmq::connections::broker_error;

/// How often a quorum queue gives a message to a consumer that breaks off before it is set aside.
/// A channel breaks with its connection, so many broken ones in a row are no sign that the message
/// is to blame; the store publishes it again.
const DELIVERY_LIMIT: i64 = 50;

/// Messages in one queue at most; the next one is refused. The couriers keep far fewer there.
const LENGTH_MAX: i64 = 100_000;

/// Messages that are set aside, at most; the oldest goes first.
const ASIDE_MAX: i64 = 10_000;

/// How long they are kept: seven days, in milliseconds.
const ASIDE_TTL: i64 = 7 * 24 * 60 * 60 * 1_000;

/// The longest name of a queue (AMQP 0-9-1 section 1.1, shortstr).
const NAME_MAX: usize = 255;

/// What stands for a store's deliveries at a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topology {
    /// What all names begin with.
    pub(crate) prefix: String,
    /// How many queues a recipient has, beside the urgent one.
    pub(crate) lanes: u32,
}

impl Topology {
    /// The exchange that deliveries are published to.
    pub(crate) fn exchange(&self) -> &str {
        &self.prefix
    }

    /// The exchange and the queue of what is set aside.
    pub(crate) fn aside(&self) -> String {
        format!("{}.aside", self.prefix)
    }

    /// The routing keys of a recipient, the urgent one first.
    pub(crate) fn routing_keys(&self, recipient: &RecipientId) -> Vec<String> {
        let urgent = format!("{recipient}.urgent");
        let lanes = (0..self.lanes).map(|lane| format!("{recipient}.{lane}"));
        std::iter::once(urgent).chain(lanes).collect()
    }

    /// The queue that is bound with a routing key.
    pub(crate) fn queue(&self, routing_key: &str) -> String {
        format!("{}.{routing_key}", self.prefix)
    }

    /// All queues of these recipients, that of what is set aside last.
    pub(crate) fn queues(&self, recipients: &[RecipientId]) -> Vec<String> {
        let keys = recipients.iter().flat_map(|one| self.routing_keys(one));
        let queues = keys.map(|key| self.queue(&key));
        queues.chain(std::iter::once(self.aside())).collect()
    }

    /// Declares what carries a recipient's deliveries. What is there already must be the same.
    pub(crate) async fn declare(
        &self,
        channel: &Channel,
        recipient: &RecipientId,
    ) -> Result<(), BrokerError> {
        let aside = self.aside();
        self.declare_exchange(channel, &aside, ExchangeKind::Fanout)
            .await?;
        let mut arguments = quorum();
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(ASIDE_MAX));
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(ASIDE_TTL));
        self.declare_queue(channel, &aside, arguments).await?;
        self.bind(channel, &aside, &aside, "").await?;
        self.declare_exchange(channel, self.exchange(), ExchangeKind::Direct)
            .await?;
        for key in self.routing_keys(recipient) {
            let queue = self.queue(&key);
            self.declare_queue(channel, &queue, self.delivery_queue())
                .await?;
            self.bind(channel, &queue, self.exchange(), &key).await?;
        }
        Ok(())
    }

    /// What a queue of deliveries has to be: replicated and synced before it confirms, nothing
    /// dropped from it silently, one consumer at a time.
    fn delivery_queue(&self) -> FieldTable {
        let mut arguments = quorum();
        let text = |text: &str| AMQPValue::LongString(text.into());
        let number = AMQPValue::LongLongInt;
        for (name, value) in [
            ("x-delivery-limit", number(DELIVERY_LIMIT)),
            ("x-dead-letter-exchange", text(&self.aside())),
            ("x-dead-letter-strategy", text("at-least-once")),
            ("x-overflow", text("reject-publish")),
            ("x-max-length", number(LENGTH_MAX)),
            ("x-single-active-consumer", AMQPValue::Boolean(true)),
        ] {
            arguments.insert(name.into(), value);
        }
        arguments
    }

    async fn declare_exchange(
        &self,
        channel: &Channel,
        name: &str,
        kind: ExchangeKind,
    ) -> Result<(), BrokerError> {
        let options = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        let declared = channel.exchange_declare(name.into(), kind, options, FieldTable::default());
        let declared = declared.await;
        declared.map_err(|error| differs("exchange", name, &error))
    }

    async fn declare_queue(
        &self,
        channel: &Channel,
        name: &str,
        arguments: FieldTable,
    ) -> Result<(), BrokerError> {
        if name.len() > NAME_MAX {
            let text = format!("the queue name {name} is longer than {NAME_MAX} bytes");
            return Err(BrokerError::Refused(format!(
                "{text}; choose a shorter `prefix`"
            )));
        }
        let options = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let declared = channel.queue_declare(name.into(), options, arguments).await;
        match declared {
            Ok(_queue) => Ok(()),
            Err(error) => Err(differs("queue", name, &error)),
        }
    }

    async fn bind(
        &self,
        channel: &Channel,
        queue: &str,
        exchange: &str,
        key: &str,
    ) -> Result<(), BrokerError> {
        let bound = channel.queue_bind(
            queue.into(),
            exchange.into(),
            key.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        bound.await.map_err(|error| broker_error(&error))
    }
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    let quorum = AMQPValue::LongString("quorum".into());
    arguments.insert("x-queue-type".into(), quorum);
    arguments
}

/// The broker says which argument differs; the person is told what can be done.
fn differs(kind: &str, name: &str, error: &lapin::Error) -> BrokerError {
    match broker_error(error) {
        BrokerError::Refused(why) => BrokerError::Refused(format!(
            "the broker has no {kind} {name} as it has to be: {why}; delete it there, or choose \
             another `prefix` in [rabbitmq]"
        )),
        away @ BrokerError::Away(_) => away,
    }
}
