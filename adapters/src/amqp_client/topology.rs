//! Looks for the exchange and the queues of a recipient, and makes them when that is asked for:
//! durable, replicated, and such that no message is dropped.

use lapin::options::{
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions as QueueOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use crate::amqp_client::connect_fault::{Asked, ConnectFault};
use crate::amqp_client::settings::Topology;

/// How often a message is handed to a consumer that does not take it before it is put aside; what
/// RabbitMQ 4 does unless told otherwise, and earlier ones only when told.
const DELIVERY_LIMIT: i64 = 20;
/// What the name of the queue ends with in which messages are put aside.
const DEAD: &str = ".dead";

/// Looks for everything on this channel, which the broker closes at the first that is missing.
pub(crate) async fn ensure(channel: &Channel, topology: &Topology) -> Result<(), ConnectFault> {
    if let Some(exchange) = &topology.exchange {
        let options = ExchangeDeclareOptions {
            passive: !topology.declare,
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        let (name, kind) = (exchange.as_str().into(), ExchangeKind::Direct);
        let found = channel.exchange_declare(name, kind, options, FieldTable::default());
        let found = found.await;
        found.map_err(|error| ConnectFault::of(&error, Asked::Exchange))?;
    }
    for queue in &topology.queues {
        if topology.declare {
            let dead = format!("{queue}{DEAD}");
            declare(channel, &dead, false, quorum()).await?;
            declare(channel, queue, false, letting_go_to(&dead)).await?;
            bind(channel, topology, queue).await?;
        } else {
            declare(channel, queue, true, FieldTable::default()).await?;
        }
    }
    Ok(())
}

async fn declare(
    channel: &Channel,
    queue: &str,
    passive: bool,
    arguments: FieldTable,
) -> Result<(), ConnectFault> {
    let options = QueueOptions {
        passive,
        durable: true,
        ..QueueOptions::default()
    };
    let found = channel.queue_declare(queue.into(), options, arguments);
    let found = found.await;
    found.map_err(|error| ConnectFault::of(&error, Asked::Queue))?;
    Ok(())
}

async fn bind(channel: &Channel, topology: &Topology, queue: &str) -> Result<(), ConnectFault> {
    let Some(exchange) = &topology.exchange else {
        return Ok(());
    };
    for key in &topology.routing_keys {
        let (exchange, key) = (exchange.as_str().into(), key.as_str().into());
        let options = QueueBindOptions::default();
        let bound = channel.queue_bind(queue.into(), exchange, key, options, FieldTable::default());
        let bound = bound.await;
        bound.map_err(|error| ConnectFault::of(&error, Asked::Queue))?;
    }
    Ok(())
}

/// The arguments of a queue that a majority of the brokers has on disk before it confirms.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

/// The same for a queue whose consumers may fail: what they fail over goes aside and is not lost
/// on the way there, which asks that a full queue refuse messages and not drop its oldest.
fn letting_go_to(dead: &str) -> FieldTable {
    let mut arguments = quorum();
    let limit = AMQPValue::LongLongInt(DELIVERY_LIMIT);
    arguments.insert("x-delivery-limit".into(), limit);
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-dead-letter-exchange".into(), text(""));
    arguments.insert("x-dead-letter-routing-key".into(), text(dead));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
