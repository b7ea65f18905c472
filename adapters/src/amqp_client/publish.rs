//! Publishes one message and waits until the broker answers, for a stated time at most; what did
//! not leave is told from what may have arrived.

use std::time::Duration;

use isthmus_core::executor::Executor;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel, Confirmation, Error, ErrorKind};

use crate::adapter::Reply;
use crate::amqp_client::link::Link;
use crate::amqp_message::{APP_ID, AmqpCall, BrokerReply};

/// `delivery-mode` of messages that outlive the broker's process.
const PERSISTENT: u8 = 2;

/// Publishes a message by a link.
pub(crate) async fn publish(
    link: &Link,
    call: &AmqpCall,
    limit: Duration,
    executor: &dyn Executor,
) -> Reply {
    if link.is_blocked() {
        return Reply::HeldBack("blocked");
    }
    let timer = executor.sleep(limit);
    tokio::pin!(timer);
    let channel = tokio::select! {
        channel = link.channel() => channel,
        () = &mut timer => return Reply::NotSent("timeout"),
    };
    let Ok(channel) = channel else {
        link.give_up();
        return Reply::NotSent("connection-lost");
    };
    let Ok(body) = call.body.on_the_wire() else {
        return Reply::NotSent("unsendable");
    };
    let answered = tokio::select! {
        answered = answer(&channel, call, body.reveal()) => answered,
        () = &mut timer => {
            // One that is blocked is alive; any other that is silent so long is given up, so that
            // a connection that died without a word is not used for ever.
            if !link.is_blocked() {
                link.give_up();
            }
            return Reply::Lost("timeout");
        }
    };
    match answered {
        Ok(reply) => {
            link.give_back(channel);
            Reply::Amqp(reply)
        }
        Err(reply) => {
            if !matches!(reply, Reply::Amqp(_)) {
                link.give_up();
            }
            reply
        }
    }
}

/// What the broker says to a message on a channel; an error when the channel can say no more.
async fn answer(channel: &Channel, call: &AmqpCall, body: &[u8]) -> Result<BrokerReply, Reply> {
    let options = BasicPublishOptions {
        // A message that no queue takes comes back instead of vanishing.
        mandatory: true,
        immediate: false,
    };
    let (exchange, key) = ((&*call.exchange).into(), (&*call.routing_key).into());
    let published = channel.basic_publish(exchange, key, options, body, properties(call));
    let confirm = published.await.map_err(|error| before(&error))?;
    match confirm.await.map_err(|error| behind(&error))? {
        // A message that is given back is confirmed all the same.
        Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
            Ok(BrokerReply::Returned(returned.reply_code))
        }
        Confirmation::Ack(None) => Ok(BrokerReply::Confirmed),
        Confirmation::Nack(None) => Ok(BrokerReply::NotStored),
        Confirmation::NotRequested => Err(Reply::Lost("unconfirmed")),
    }
}

fn properties(call: &AmqpCall) -> BasicProperties {
    BasicProperties::default()
        .with_message_id(call.message_id.as_str().into())
        .with_content_type(call.body.content_type().into())
        .with_type(call.event_type.as_str().into())
        .with_timestamp(call.timestamp)
        .with_app_id(APP_ID.into())
        .with_delivery_mode(PERSISTENT)
}

/// What it means that a message could not be written whole.
fn before(error: &Error) -> Reply {
    let found_first = matches!(
        error.kind(),
        ErrorKind::InvalidChannelState(..) | ErrorKind::InvalidConnectionState(_)
    );
    if found_first {
        Reply::NotSent("connection-lost")
    } else {
        behind(error)
    }
}

/// What it means that the channel ended before it answered.
fn behind(error: &Error) -> Reply {
    if let ErrorKind::ProtocolError(why) = error.kind()
        && error.is_amqp_soft_error()
    {
        // There is one message on the channel, so it is what the broker closed it over.
        return Reply::Amqp(BrokerReply::Denied(why.get_id()));
    }
    Reply::Lost("connection-lost")
}
