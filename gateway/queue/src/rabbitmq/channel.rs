//! `RabbitMqChannel`, how the parcels of one recipient travel: one AMQP channel publishes with
//! confirms, one a lane consumes.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use futures_util::stream::{SelectAll, Stream, StreamExt as _};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId, SubjectKey, hexadecimal};
use isthmus_core::privacy::disclosure::Grant;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, BasicRejectOptions,
    ConfirmSelectOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Consumer};
use tokio::sync::Mutex;

use crate::broker::{Arrival, BrokerChannel, BrokerError, NotConfirmed, Parcel, Tag};
use crate::rabbitmq::connections::{Connections, broker_error};
use crate::rabbitmq::topology::Topology;
use crate::transit::WINDOW;

/// How many messages of one lane the broker gives before they are acknowledged: twice what a
/// recipient has on its way, since acknowledgements wait for each other, and repeats come too.
const PREFETCH: u16 = 2 * WINDOW;

/// Arrivals that are given at once.
const ARRIVALS: usize = 64;

/// Persistent (AMQP 0-9-1, basic class, delivery-mode).
const PERSISTENT: u8 = 2;

/// What a message of ours says it is.
const TYPE: &str = "isthmus.sealed-disclosure.v1";

/// How long a queue may take to begin. A quorum queue without a leader never answers: one whose
/// broker was killed within a second after it was made is such a queue (decision 0008).
const LANE_PATIENCE: Duration = Duration::from_secs(5);

/// The channels of one recipient.
pub(crate) struct RabbitMqChannel {
    connections: Arc<Connections>,
    topology: Arc<Topology>,
    /// By which messages of another store are told apart.
    store: String,
    publisher: Channel,
    lanes: Lanes,
    arrivals: Mutex<SelectAll<Lane>>,
}

/// What one lane gives, with its place among the lanes.
type Lane = Pin<Box<dyn Stream<Item = (usize, lapin::Result<Delivery>)> + Send>>;

/// The lanes whose queues answer, each with a channel of its own, so that one that stops
/// answering holds up no other.
struct Lanes {
    urgent: Option<String>,
    /// At least one.
    others: Vec<String>,
    consumers: BTreeMap<usize, Channel>,
}

impl Lanes {
    /// By which key a delivery is published: a patient's always by the same.
    fn routing_key(&self, subject: &SubjectKey, is_urgent: bool) -> &str {
        if let Some(urgent) = self.urgent.as_ref().filter(|_| is_urgent) {
            return urgent;
        }
        // A subject's key is a digest, so its first bytes spread evenly.
        let [a, b, c, d, ..] = *subject.as_bytes();
        let place = u32::from_be_bytes([a, b, c, d]) as usize % self.others.len().max(1);
        self.others.get(place).map_or("", String::as_str)
    }
}

impl RabbitMqChannel {
    /// Declares the topology and begins to consume. A lane whose queue does not answer is left out
    /// while the channel lasts: its patients' deliveries go by others.
    pub(crate) async fn open(
        connections: Arc<Connections>,
        topology: Arc<Topology>,
        recipient: &RecipientId,
        store: String,
    ) -> Result<Self, BrokerError> {
        let publisher = connections.publisher().await?;
        let confirms = publisher.confirm_select(ConfirmSelectOptions::default());
        confirms.await.map_err(|error| broker_error(&error))?;
        let declaring = connections.consumer().await?;
        topology.declare(&declaring, recipient).await?;
        let mut keys = topology.routing_keys(recipient);
        let begun = keys.iter().map(|key| topology.queue(key));
        let begun = begun.map(|queue| begin(&connections, queue));
        let mut lanes = Lanes {
            urgent: None,
            others: Vec::new(),
            consumers: BTreeMap::new(),
        };
        let mut arrivals = SelectAll::new();
        for (lane, begun) in join_all(begun).await.into_iter().enumerate() {
            let Some((channel, consumer)) = begun? else {
                continue;
            };
            let key = std::mem::take(keys.get_mut(lane).unwrap_or(&mut String::new()));
            if lane == 0 {
                lanes.urgent = Some(key);
            } else {
                lanes.others.push(key);
            }
            lanes.consumers.insert(lane, channel);
            let lane: Lane = Box::pin(consumer.map(move |given| (lane, given)));
            arrivals.push(lane);
        }
        if lanes.others.is_empty() {
            let text = format!("no queue of {recipient} answers");
            return Err(BrokerError::Away(text));
        }
        Ok(Self {
            connections,
            topology,
            store,
            publisher,
            lanes,
            arrivals: Mutex::new(arrivals),
        })
    }

    async fn send(&self, parcel: Parcel) -> Result<(), NotConfirmed> {
        let key = self.lanes.routing_key(&parcel.subject, parcel.urgent);
        let seconds = u64::try_from(parcel.created_at.unix_millis() / 1_000).unwrap_or(0);
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/octet-stream".into())
            .with_type(TYPE.into())
            .with_app_id(self.store.as_str().into())
            .with_message_id(parcel.delivery.to_string().into())
            .with_timestamp(seconds)
            .with_headers(headers(parcel.sealed.grant()));
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let lost = |error: lapin::Error| NotConfirmed::Lost(error.to_string());
        let published = self.publisher.basic_publish(
            self.topology.exchange().into(),
            key.into(),
            options,
            parcel.sealed.bytes(),
            properties,
        );
        match published.await.map_err(lost)?.await.map_err(lost)? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
                Err(NotConfirmed::Returned(returned.reply_text.to_string()))
            }
            Confirmation::Nack(None) => Err(NotConfirmed::Nacked),
            Confirmation::NotRequested => Err(NotConfirmed::Lost(
                "the channel confirms nothing".to_owned(),
            )),
        }
    }

    /// Waits for one arrival, and takes what came with it.
    async fn receive(&self) -> Result<Vec<Arrival>, BrokerError> {
        let mut lanes = self.arrivals.lock().await;
        let ended = || BrokerError::Away("the broker ended the delivery".to_owned());
        let mut arrived = vec![self.arrival(lanes.next().await.ok_or_else(ended)?)?];
        while arrived.len() < ARRIVALS
            && let Some(Some(next)) = lanes.next().now_or_never()
        {
            match self.arrival(next) {
                Ok(arrival) => arrived.push(arrival),
                // It is told at the next call; what came before it counts.
                Err(_broken) => break,
            }
        }
        Ok(arrived)
    }

    fn arrival(&self, given: (usize, lapin::Result<Delivery>)) -> Result<Arrival, BrokerError> {
        let (lane, given) = given;
        let given = given.map_err(|error| broker_error(&error))?;
        let properties = &given.properties;
        let is_ours = properties.app_id().as_ref().map(ShortString::as_str) == Some(&self.store);
        let id = properties.message_id().as_ref().map(ShortString::as_str);
        Ok(Arrival {
            tag: Tag {
                lane,
                number: given.delivery_tag,
            },
            delivery: id.filter(|_| is_ours).and_then(DeliveryId::parse),
            body: given.data,
        })
    }

    fn consumer(&self, tag: Tag) -> Result<&Channel, BrokerError> {
        let unknown = || BrokerError::Away("an arrival came by no lane".to_owned());
        self.lanes.consumers.get(&tag.lane).ok_or_else(unknown)
    }
}

/// Begins to consume from a queue. None: it does not answer.
async fn begin(
    connections: &Connections,
    queue: String,
) -> Result<Option<(Channel, Consumer)>, BrokerError> {
    let channel = connections.consumer().await?;
    let begin = async {
        channel
            .basic_qos(PREFETCH, BasicQosOptions::default())
            .await?;
        let consume = channel.basic_consume(
            queue.as_str().into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        consume.await
    };
    match tokio::time::timeout(LANE_PATIENCE, begin).await {
        Ok(Ok(consumer)) => Ok(Some((channel, consumer))),
        Ok(Err(error)) => Err(broker_error(&error)),
        Err(_elapsed) => {
            tracing::warn!(%queue, "the queue does not answer and is left out for now");
            Ok(None)
        }
    }
}

impl BrokerChannel for RabbitMqChannel {
    fn publish(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), NotConfirmed>> {
        Box::pin(self.send(parcel))
    }

    fn arrivals(&self) -> BoxFuture<'_, Result<Vec<Arrival>, BrokerError>> {
        Box::pin(self.receive())
    }

    fn acknowledge(&self, tag: Tag, all_before: bool) -> BoxFuture<'_, Result<(), BrokerError>> {
        let options = BasicAckOptions {
            multiple: all_before,
        };
        Box::pin(async move {
            let told = self.consumer(tag)?.basic_ack(tag.number, options);
            told.await.map_err(|error| broker_error(&error))
        })
    }

    fn set_aside(&self, tag: Tag) -> BoxFuture<'_, Result<(), BrokerError>> {
        let options = BasicRejectOptions { requeue: false };
        Box::pin(async move {
            let told = self.consumer(tag)?.basic_reject(tag.number, options);
            told.await.map_err(|error| broker_error(&error))
        })
    }

    fn is_blocked(&self) -> bool {
        self.connections.publishing().status().blocked()
    }
}

/// Under which rule a record was made, for whoever looks at the broker. Nothing of it is about a
/// patient.
fn headers(grant: &Grant) -> FieldTable {
    let mut headers = FieldTable::default();
    let text = |text: &str| AMQPValue::LongString(text.into());
    let consent = grant
        .consent_version
        .and_then(|one| i64::try_from(one).ok());
    headers.insert("flow".into(), text(grant.flow.as_str()));
    headers.insert(
        "flow-version".into(),
        AMQPValue::LongLongInt(i64::from(grant.flow_version)),
    );
    headers.insert("purpose".into(), text(&grant.purpose));
    headers.insert("policy".into(), text(&hexadecimal(&grant.policy_hash)));
    if let Some(consent) = consent {
        headers.insert("consent-version".into(), AMQPValue::LongLongInt(consent));
    }
    headers
}
