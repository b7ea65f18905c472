//! What only a broker can do to a delivery, done to it on a real one: nothing is lost by it,
//! nothing overtakes, and whoever has to mend something is told what.

use std::collections::BTreeMap;
use std::time::Duration;

use isthmus_core::delivery_queue::Draw;
use isthmus_core::id::{DeliveryId, SubjectKey};
use isthmus_core::journal::{Settlement, Step, Unit};
use isthmus_queue::broker::BrokerError;
use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};

use crate::broker::{TestBroker, mailer};
use crate::given::{conclusion, delivery, delivery_id, executor, subject};
use crate::rabbitmq::RabbitMqRig;
use crate::rig::QueueRig as _;

/// Longer than anything takes; nothing depends on how long exactly.
const SOON: Duration = Duration::from_mins(1);

/// Deliveries of 20 patients, and what of them arrived.
struct Feed<'b> {
    rig: RabbitMqRig<'b>,
    committed: u64,
    arrived: BTreeMap<SubjectKey, Vec<DeliveryId>>,
}

impl<'b> Feed<'b> {
    fn new(broker: &'b TestBroker) -> Self {
        Self {
            rig: RabbitMqRig::new(broker),
            committed: 0,
            arrived: BTreeMap::new(),
        }
    }

    async fn commit(&mut self, count: u64) {
        let numbers = self.committed..self.committed + count;
        let new = numbers.map(|number| delivery(number, &mailer(), subject(number % 20), 300));
        let conclusion = conclusion(self.committed + 1, new.collect());
        let unit = Unit::Conclusions(vec![conclusion]);
        self.rig.journal().commit(unit).await.unwrap();
        self.committed += count;
        self.rig.queue().committed(&mailer());
    }

    fn count(&self) -> u64 {
        self.arrived.values().map(|one| one.len() as u64).sum()
    }

    /// Delivers until so many have arrived.
    async fn deliver_to(&mut self, count: u64) {
        let draw = Draw {
            limit: 7,
            consecutive: false,
        };
        let queue = self.rig.queue();
        while self.count() < count {
            let recipient = mailer();
            let next = tokio::time::timeout(SOON, queue.next(&recipient, draw)).await;
            let drawn = next.expect("a delivery comes").unwrap();
            let settlement = |id| Settlement {
                id,
                at: self.rig.clock().now(),
                step: Step::Delivered,
                entries: Vec::new(),
            };
            let settlements = drawn.iter().map(|one| settlement(one.id)).collect();
            for one in &drawn {
                let arrived = self.arrived.entry(one.subject).or_default();
                arrived.push(one.id);
            }
            queue.settle(&mailer(), settlements).await.unwrap();
        }
    }

    /// Every delivery arrived once, each patient's in order.
    async fn finish(mut self) {
        self.deliver_to(self.committed).await;
        for (patient, arrived) in &self.arrived {
            let numbers = (0..self.committed).filter(|number| subject(number % 20) == *patient);
            let expected: Vec<DeliveryId> = numbers.map(delivery_id).collect();
            assert_eq!(*arrived, expected, "{patient}");
        }
        assert_eq!(self.count(), self.committed);
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Runs the client of the test's own, for what the gateway never does.
async fn stranger(url: &str) -> Connection {
    let connect = Connection::connect(url, ConnectionProperties::default());
    connect.await.unwrap()
}

/// What the broker keeps holds this delivery, and does not tell whom it is about.
async fn nothing_kept_tells_of_a_patient(broker: &TestBroker, published: u64) {
    let known = delivery_id(published).to_string();
    let until = tokio::time::Instant::now() + SOON;
    while !contains(&broker.bytes(), known.as_bytes()) {
        assert!(tokio::time::Instant::now() < until, "it is published");
        executor().sleep(Duration::from_millis(50)).await;
    }
    let bytes = broker.bytes();
    for patient in (0..20).map(subject) {
        assert!(!contains(&bytes, patient.as_bytes()));
        assert!(!contains(&bytes, patient.to_string().as_bytes()));
    }
}

/// Somebody puts something into a queue: one that is no delivery, and one that has the id of a
/// delivery and not its content.
async fn put_what_the_store_never_gave(broker: &TestBroker, prefix: &str) {
    let connection = stranger(&broker.url_with_login()).await;
    let channel = connection.create_channel().await.unwrap();
    for id in ["nonsense", &delivery_id(519).to_string()] {
        let properties = BasicProperties::default()
            .with_message_id(id.into())
            .with_app_id(format!("store-of-{prefix}").into());
        let options = BasicPublishOptions::default();
        let queue = format!("{prefix}.mailer.0");
        let publish =
            channel.basic_publish("".into(), queue.into(), options, b"forged", properties);
        publish.await.unwrap().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_loses_nothing() {
    let broker = TestBroker::start();
    let mut feed = Feed::new(&broker);
    for round in 1..=3 {
        feed.commit(200).await;
        feed.deliver_to(round * 200 - 150).await;
        broker.tell(if round == 3 { "stop" } else { "kill" });
        feed.commit(40).await;
        broker.tell("start");
        feed.deliver_to(round * 200 - 20).await;
    }
    feed.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_at_the_broker_loses_nothing() {
    let broker = TestBroker::start();
    let mut feed = Feed::new(&broker);
    let prefix = feed.rig.prefix().to_owned();
    feed.commit(100).await;
    feed.deliver_to(30).await;

    // Somebody closes the connections.
    broker.ctl("close_all_connections maintenance");
    feed.commit(100).await;
    feed.deliver_to(130).await;

    // Somebody deletes a queue with what is in it.
    broker.ctl(&format!("delete_queue {prefix}.mailer.0"));
    feed.commit(100).await;
    feed.deliver_to(230).await;

    // Somebody takes a binding away: what is published for it comes back, though it is confirmed.
    let unbind = format!(
        "eval 'Q = rabbit_misc:r(<<\"/\">>, queue, <<\"{prefix}.mailer.1\">>), \
         rabbit_binding:remove({{binding, rabbit_misc:r(<<\"/\">>, exchange, <<\"{prefix}\">>), \
         <<\"mailer.1\">>, Q, []}}, <<\"test\">>).'"
    );
    broker.ctl(&unbind);
    feed.commit(100).await;
    feed.deliver_to(330).await;

    // The broker is short of memory and takes nothing.
    broker.ctl("set_vm_memory_high_watermark 0.00001");
    feed.commit(100).await;
    executor().sleep(Duration::from_secs(2)).await;
    broker.ctl("set_vm_memory_high_watermark 0.6");
    feed.commit(20).await;

    nothing_kept_tells_of_a_patient(&broker, feed.count() + 10).await;

    put_what_the_store_never_gave(&broker, &prefix).await;
    let client = broker.client(&prefix);
    feed.finish().await;
    let aside = |states: Vec<isthmus_queue::rabbitmq::broker::QueueState>| {
        states.last().and_then(|aside| aside.ready)
    };
    let until = tokio::time::Instant::now() + SOON;
    while aside(client.queues(&[mailer()]).await.unwrap()) < Some(1) {
        assert!(tokio::time::Instant::now() < until, "it is set aside");
        executor().sleep(Duration::from_millis(50)).await;
    }
    client.delete(&[mailer()]).await.unwrap();
    let gone = client.queues(&[mailer()]).await.unwrap();
    assert!(gone.iter().all(|queue| queue.ready.is_none()), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_to_mend_something_is_told_what() {
    let broker = TestBroker::start();
    let wrong = broker.client_as("p", "wrong").declare(&[mailer()]).await;
    let Err(BrokerError::Refused(why)) = wrong else {
        panic!("{wrong:?}")
    };
    assert!(why.contains("ACCESS_REFUSED"), "{why}");

    let connection = stranger(&broker.url_with_login()).await;
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let declare = channel.queue_declare("p.mailer.0".into(), options, FieldTable::default());
    declare.await.unwrap();
    let client = broker.client("p");
    let differs = client.declare(&[mailer()]).await;
    let Err(BrokerError::Refused(why)) = differs else {
        panic!("{differs:?}")
    };
    assert!(
        why.starts_with("the broker has no queue p.mailer.0 as it has to be: ")
            && why.contains("inequivalent arg")
            && why.ends_with("delete it there, or choose another `prefix` in [rabbitmq]"),
        "{why}"
    );

    broker.tell("stop");
    let away = client.declare(&[mailer()]).await;
    assert!(matches!(away, Err(BrokerError::Away(_))), "{away:?}");
}
