//! `Courier`, what takes the deliveries of one recipient from the store to the broker and from the
//! broker to the workers, and sends again whatever a broken channel left in doubt. Which delivery
//! is where stands in `transit`.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw, QueueError};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId};

use crate::broker::{Arrival, Broker, BrokerChannel, BrokerError, NotConfirmed};
use crate::transit::{Reception, Transit};

/// The first pause before the broker is tried again; it doubles up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A channel that lasted this long was a good one: the pause begins anew.
const GOOD_CHANNEL: Duration = Duration::from_secs(5);

/// What was published and has not arrived after this time is taken for lost: the channel is given
/// up, and all of it is sent again.
const LONGEST_WAY: Duration = Duration::from_secs(30);

/// How often that is looked at, and what few acknowledgements wait for more.
const LOOK: Duration = Duration::from_millis(200);

/// How long nothing is sent after the broker did not keep something.
const NOT_KEPT_PAUSE: Duration = Duration::from_secs(1);

/// Carries the deliveries of one recipient.
pub(crate) struct Courier {
    pub(crate) recipient: RecipientId,
    pub(crate) store: Arc<dyn DeliveryQueue>,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) transit: Arc<Transit>,
}

/// Why a channel is used no more.
enum Ended {
    /// It broke, or has to be taken for broken.
    Broken(String),
    /// The store gives nothing any more.
    Store(QueueError),
    /// Nobody wants deliveries any more.
    Closed,
}

/// What is under way on a channel.
struct UnderWay<'c> {
    drawing: Option<BoxFuture<'c, Result<Vec<Delivery>, QueueError>>>,
    publishing: FuturesUnordered<BoxFuture<'c, (DeliveryId, Result<(), NotConfirmed>)>>,
    telling: FuturesUnordered<BoxFuture<'c, Result<(), BrokerError>>>,
    /// Nothing is drawn before.
    not_before: Duration,
}

impl Courier {
    /// Runs until nobody wants deliveries any more.
    pub(crate) async fn run(self) {
        let recipient = &self.recipient;
        let mut pause = SHORTEST_PAUSE;
        let mut told = None;
        while !self.transit.is_ended() {
            let begun = self.executor.monotonic();
            let why = match self.broker.open(recipient).await {
                Ok(channel) => {
                    if told.take().is_some() {
                        tracing::info!(%recipient, "deliveries go through the broker again");
                    }
                    match self.carry(channel.as_ref()).await {
                        Ended::Broken(why) => why,
                        Ended::Store(error) => return self.transit.end_all(error),
                        Ended::Closed => return,
                    }
                }
                Err(error) => error.to_string(),
            };
            self.store.give_back(recipient, &self.transit.cut());
            if told.as_ref() != Some(&why) {
                tracing::warn!(%recipient, %why, "deliveries wait for the broker");
                told = Some(why);
            }
            if self.executor.monotonic().saturating_sub(begun) >= GOOD_CHANNEL {
                pause = SHORTEST_PAUSE;
            }
            self.executor.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Uses one channel until it breaks.
    async fn carry(&self, channel: &dyn BrokerChannel) -> Ended {
        let mut under_way = UnderWay {
            drawing: None,
            publishing: FuturesUnordered::new(),
            telling: FuturesUnordered::new(),
            not_before: Duration::ZERO,
        };
        let mut look = self.executor.sleep(LOOK);
        loop {
            let changed = self.transit.changed();
            if self.transit.is_ended() {
                return Ended::Closed;
            }
            self.draw(channel, &mut under_way);
            self.tell(channel, &mut under_way, false);
            let UnderWay {
                drawing,
                publishing,
                telling,
                ..
            } = &mut under_way;
            tokio::select! {
                biased;
                Some((id, confirmed)) = publishing.next(), if !publishing.is_empty() => {
                    if let Err(why) = confirmed
                        && let Some(ended) = self.not_confirmed(id, &why, &mut under_way)
                    {
                        return ended;
                    }
                }
                Some(told) = telling.next(), if !telling.is_empty() => {
                    if let Err(error) = told {
                        return Ended::Broken(error.to_string());
                    }
                }
                arrivals = channel.arrivals() => match arrivals {
                    Ok(arrivals) => self.receive(channel, arrivals, &mut under_way),
                    Err(error) => return Ended::Broken(error.to_string()),
                },
                drawn = finish(drawing), if drawing.is_some() => {
                    under_way.drawing = None;
                    match drawn {
                        Ok(drawn) => self.publish(channel, drawn, &mut under_way),
                        Err(error) => return Ended::Store(error),
                    }
                }
                () = pin!(changed) => {}
                () = &mut look => {
                    look = self.executor.sleep(LOOK);
                    self.tell(channel, &mut under_way, true);
                    if self.is_overdue(channel) {
                        let why = "what was published does not arrive".to_owned();
                        return Ended::Broken(why);
                    }
                }
            }
        }
    }

    /// Asks the store for more when there is room and the broker takes it.
    fn draw<'c>(&'c self, channel: &dyn BrokerChannel, under_way: &mut UnderWay<'c>) {
        let room = self.transit.room();
        let waits = self.executor.monotonic() < under_way.not_before || channel.is_blocked();
        if under_way.drawing.is_some() || room == 0 || waits {
            return;
        }
        let draw = Draw {
            limit: room,
            consecutive: false,
        };
        under_way.drawing = Some(self.store.next(&self.recipient, draw));
    }

    fn publish<'c>(
        &self,
        channel: &'c dyn BrokerChannel,
        drawn: Vec<Delivery>,
        under_way: &mut UnderWay<'c>,
    ) {
        for parcel in self.transit.publish(drawn, self.executor.monotonic()) {
            let id = parcel.delivery;
            let publish = channel.publish(parcel);
            let publish = async move { (id, publish.await) };
            under_way.publishing.push(Box::pin(publish));
        }
    }

    /// What the broker has not taken goes back to the store and comes again. A queue that is full
    /// gets time; one that is gone is declared anew with the next channel.
    fn not_confirmed(
        &self,
        id: DeliveryId,
        why: &NotConfirmed,
        under_way: &mut UnderWay<'_>,
    ) -> Option<Ended> {
        if self.transit.not_confirmed(&id) {
            self.store.give_back(&self.recipient, &[id]);
        }
        if !matches!(why, NotConfirmed::Nacked) {
            return Some(Ended::Broken(why.to_string()));
        }
        let now = self.executor.monotonic();
        if under_way.not_before <= now {
            tracing::warn!(recipient = %self.recipient, %why, "it is published again");
        }
        under_way.not_before = now + NOT_KEPT_PAUSE;
        None
    }

    fn receive<'c>(
        &self,
        channel: &'c dyn BrokerChannel,
        arrivals: Vec<Arrival>,
        under_way: &mut UnderWay<'c>,
    ) {
        for arrival in arrivals {
            let tag = arrival.tag;
            if self.transit.arrive(arrival) == Reception::Strange {
                tracing::warn!(
                    recipient = %self.recipient,
                    "a queue held something that is not what the store gave; it is set aside"
                );
                under_way.telling.push(channel.set_aside(tag));
            }
        }
    }

    fn tell<'c>(&self, channel: &'c dyn BrokerChannel, under_way: &mut UnderWay<'c>, all: bool) {
        for (tag, all_before) in self.transit.acknowledge(all) {
            let told = channel.acknowledge(tag, all_before);
            under_way.telling.push(told);
        }
    }

    /// Whether the broker has had something for too long. One that takes nothing says so, and what
    /// waits in the connection meanwhile is not late.
    fn is_overdue(&self, channel: &dyn BrokerChannel) -> bool {
        let now = self.executor.monotonic();
        if channel.is_blocked() {
            self.transit.excuse(now);
        }
        self.transit.is_overdue(now, LONGEST_WAY)
    }
}

/// The end of what is being drawn; never, when nothing is.
async fn finish<T>(drawing: &mut Option<BoxFuture<'_, T>>) -> T {
    match drawing {
        Some(drawing) => drawing.await,
        None => std::future::pending().await,
    }
}
