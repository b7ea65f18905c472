//! `RabbitMqChannel`, how the parcels of one recipient travel: one AMQP channel publishes with
//! confirms, another consumes all lanes.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::stream::{SelectAll, StreamExt as _};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId, hexadecimal};
use isthmus_core::privacy::disclosure::Grant;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, BasicRejectOptions,
    ConfirmSelectOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Consumer};
use tokio::sync::Mutex;

use crate::broker::{Arrival, BrokerChannel, BrokerError, NotConfirmed, Parcel};
use crate::rabbitmq::connections::{Connections, broker_error};
use crate::rabbitmq::topology::Topology;
use crate::transit::WINDOW;

/// How many messages of one lane the broker gives before they are acknowledged: twice what a
/// recipient has on its way, since acknowledgements wait for each other, and repeats come too.
const PREFETCH: u16 = 2 * WINDOW as u16;

/// Arrivals that are given at once.
const ARRIVALS: usize = 64;

/// Persistent (AMQP 0-9-1, basic class, delivery-mode).
const PERSISTENT: u8 = 2;

/// What a message of ours says it is.
const TYPE: &str = "isthmus.sealed-disclosure.v1";

/// The channels of one recipient.
pub(crate) struct RabbitMqChannel {
    connections: Arc<Connections>,
    topology: Arc<Topology>,
    recipient: RecipientId,
    /// By which messages of another store are told apart.
    store: String,
    publisher: Channel,
    consumer: Channel,
    lanes: Mutex<SelectAll<Consumer>>,
}

impl RabbitMqChannel {
    /// Declares the topology and begins to consume.
    pub(crate) async fn open(
        connections: Arc<Connections>,
        topology: Arc<Topology>,
        recipient: RecipientId,
        store: String,
    ) -> Result<Self, BrokerError> {
        let publisher = connections.publisher().await?;
        let confirms = publisher.confirm_select(ConfirmSelectOptions::default());
        confirms.await.map_err(|error| broker_error(&error))?;
        let consumer = connections.consumer().await?;
        topology.declare(&consumer, &recipient).await?;
        let prefetch = consumer.basic_qos(PREFETCH, BasicQosOptions::default());
        prefetch.await.map_err(|error| broker_error(&error))?;
        let mut lanes = SelectAll::new();
        for key in topology.routing_keys(&recipient) {
            let consume = consumer.basic_consume(
                topology.queue(&key).into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            );
            lanes.push(consume.await.map_err(|error| broker_error(&error))?);
        }
        Ok(Self {
            connections,
            topology,
            recipient,
            store,
            publisher,
            consumer,
            lanes: Mutex::new(lanes),
        })
    }

    async fn send(&self, parcel: Parcel) -> Result<(), NotConfirmed> {
        let Parcel {
            delivery,
            subject,
            urgent,
            created_at,
            sealed,
        } = parcel;
        let key = self.topology.routing_key(&self.recipient, &subject, urgent);
        let seconds = u64::try_from(created_at.unix_millis() / 1_000).unwrap_or(0);
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/octet-stream".into())
            .with_type(TYPE.into())
            .with_app_id(self.store.as_str().into())
            .with_message_id(delivery.to_string().into())
            .with_timestamp(seconds)
            .with_headers(headers(sealed.grant()));
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let lost = |error: lapin::Error| NotConfirmed::Lost(error.to_string());
        let published = self.publisher.basic_publish(
            self.topology.exchange().into(),
            key.into(),
            options,
            sealed.bytes(),
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
        let mut lanes = self.lanes.lock().await;
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

    fn arrival(&self, given: lapin::Result<Delivery>) -> Result<Arrival, BrokerError> {
        let given = given.map_err(|error| broker_error(&error))?;
        let properties = &given.properties;
        let is_ours = properties.app_id().as_ref().map(|app| app.as_str()) == Some(&self.store);
        let id = properties.message_id().as_ref().map(|id| id.as_str());
        Ok(Arrival {
            tag: given.delivery_tag,
            delivery: id.filter(|_| is_ours).and_then(DeliveryId::parse),
            body: given.data,
        })
    }
}

impl BrokerChannel for RabbitMqChannel {
    fn publish(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), NotConfirmed>> {
        Box::pin(self.send(parcel))
    }

    fn arrivals(&self) -> BoxFuture<'_, Result<Vec<Arrival>, BrokerError>> {
        Box::pin(self.receive())
    }

    fn acknowledge(&self, tag: u64, all_before: bool) -> BoxFuture<'_, Result<(), BrokerError>> {
        let options = BasicAckOptions {
            multiple: all_before,
        };
        Box::pin(async move {
            let told = self.consumer.basic_ack(tag, options).await;
            told.map_err(|error| broker_error(&error))
        })
    }

    fn set_aside(&self, tag: u64) -> BoxFuture<'_, Result<(), BrokerError>> {
        let options = BasicRejectOptions { requeue: false };
        Box::pin(async move {
            let told = self.consumer.basic_reject(tag, options).await;
            told.map_err(|error| broker_error(&error))
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
