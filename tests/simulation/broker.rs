//! A simulated broker: quorum queues that keep what is stored in them, behind connections that
//! break, confirms that come late or never, copies, and a broker that is blocked, away or emptied.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::{Either, select};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_queue::broker::{
    Arrival, Broker, BrokerChannel, BrokerError, NotConfirmed, Parcel, Tag,
};
use tokio::sync::{Notify, oneshot};

use crate::machine::{Machine, WORLD};
use crate::weather::Weather;

/// Lanes of a recipient; the first is drained first.
const LANES: usize = 3;

/// A message in a queue.
#[derive(Debug, Clone)]
struct Stored {
    delivery: Option<DeliveryId>,
    body: Vec<u8>,
    /// When it reaches whoever consumes.
    arrives_at: Duration,
}

/// What there is of a recipient.
#[derive(Default)]
struct Queues {
    lanes: [VecDeque<Stored>; LANES],
    /// The number of the channel that consumes.
    channel: u64,
    /// Whether that channel is whole.
    whole: bool,
    /// Of each lane.
    unacknowledged: [BTreeMap<u64, Stored>; LANES],
    /// How many arrived on each lane of the channel.
    numbers: [u64; LANES],
}

impl Queues {
    /// What was not acknowledged is to be delivered again, in its place.
    fn cut(&mut self) {
        self.whole = false;
        for (lane, unacknowledged) in self.lanes.iter_mut().zip(&mut self.unacknowledged) {
            for stored in std::mem::take(unacknowledged).into_values().rev() {
                lane.push_front(stored);
            }
        }
    }

    /// The messages that are there, and when the next one is.
    fn take(&mut self, limit: u64, now: Duration) -> (Vec<Arrival>, Option<Duration>) {
        let mut taken = Vec::new();
        let mut next: Option<Duration> = None;
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            while let Some(first) = lane.front() {
                if first.arrives_at > now {
                    let sooner = next.is_none_or(|next| first.arrives_at < next);
                    next = if sooner { Some(first.arrives_at) } else { next };
                    break;
                }
                if taken.len() as u64 >= limit {
                    break;
                }
                let Some(stored) = lane.pop_front() else {
                    break;
                };
                self.numbers[at] += 1;
                let number = self.numbers[at];
                taken.push(Arrival {
                    tag: Tag { lane: at, number },
                    delivery: stored.delivery,
                    body: stored.body.clone(),
                });
                self.unacknowledged[at].insert(number, stored);
            }
        }
        (taken, next)
    }
}

/// A broker.
pub(crate) struct Exchange {
    machine: Arc<Machine>,
    weather: Arc<Weather>,
    queues: Mutex<BTreeMap<RecipientId, Queues>>,
    changed: Notify,
    away_until: Mutex<Duration>,
    blocked_until: Mutex<Duration>,
    /// Acknowledgements of what was not delivered, for which a broker closes the channel.
    pub(crate) wrong_acknowledgements: Mutex<u64>,
}

impl Exchange {
    pub(crate) fn new(machine: &Arc<Machine>, weather: &Arc<Weather>) -> Self {
        Self {
            machine: Arc::clone(machine),
            weather: Arc::clone(weather),
            queues: Mutex::default(),
            changed: Notify::new(),
            away_until: Mutex::default(),
            blocked_until: Mutex::default(),
            wrong_acknowledgements: Mutex::default(),
        }
    }

    fn queues(&self) -> MutexGuard<'_, BTreeMap<RecipientId, Queues>> {
        self.queues.lock().unwrap()
    }

    /// Breaks the connections of all recipients, or of this one.
    pub(crate) fn cut(&self, only: Option<&RecipientId>) {
        for (recipient, queues) in self.queues().iter_mut() {
            if only.is_none_or(|only| only == recipient) {
                queues.cut();
            }
        }
        self.changed.notify_waiters();
    }

    /// It restarts: what is stored survives.
    pub(crate) fn go_away(&self, time: Duration) {
        *self.away_until.lock().unwrap() = self.machine.passed() + time;
        self.cut(None);
    }

    pub(crate) fn block(&self, time: Duration) {
        *self.blocked_until.lock().unwrap() = self.machine.passed() + time;
    }

    /// Somebody empties its queues.
    pub(crate) fn empty(&self) {
        for queues in self.queues().values_mut() {
            queues.lanes.iter_mut().for_each(VecDeque::clear);
        }
    }

    /// Somebody puts something into a queue that is none of ours.
    pub(crate) fn intrude(&self, recipient: &RecipientId) {
        let stored = Stored {
            delivery: None,
            body: vec![1, 2, 3],
            arrives_at: self.machine.passed(),
        };
        let mut queues = self.queues();
        let queues = queues.entry(recipient.clone()).or_default();
        queues.lanes[1].push_back(stored);
        self.changed.notify_waiters();
    }

    fn is_blocked(&self) -> bool {
        !self.weather.is_calm() && *self.blocked_until.lock().unwrap() > self.machine.passed()
    }

    fn strikes(&self, permille: u64) -> bool {
        self.weather
            .strikes(&self.machine, self.weather.broker, permille)
    }

    fn store(&self, recipient: &RecipientId, parcel: &Parcel) {
        let lane = if parcel.urgent {
            0
        } else {
            1 + usize::from(parcel.subject.as_bytes()[0]) % (LANES - 1)
        };
        let stored = Stored {
            delivery: Some(parcel.delivery),
            body: parcel.sealed.bytes().to_vec(),
            arrives_at: self.machine.passed() + self.machine.some_time(self.weather.sync),
        };
        let mut queues = self.queues();
        let queues = queues.entry(recipient.clone()).or_default();
        if self.strikes(40) {
            self.weather.count("broker: copies");
            queues.lanes[lane].push_back(stored.clone());
        }
        queues.lanes[lane].push_back(stored);
        self.changed.notify_waiters();
    }

    /// What becomes of a parcel on the wire. It belongs to the world: it may be stored although
    /// whoever sent it is gone.
    async fn carry(
        self: Arc<Self>,
        recipient: RecipientId,
        parcel: Parcel,
        confirm: oneshot::Sender<Result<(), NotConfirmed>>,
    ) {
        let weather = &self.weather;
        self.machine.while_passes(weather.sync).await;
        while self.is_blocked() {
            self.machine.pause(Duration::from_millis(100)).await;
        }
        if self.strikes(20) {
            weather.count("broker: lost unconfirmed");
            return;
        }
        if self.strikes(20) {
            weather.count("broker: nacks");
            let _gone = confirm.send(Err(NotConfirmed::Nacked));
            return;
        }
        if self.strikes(10) {
            weather.count("broker: returned");
            let no_queue = "312".to_owned();
            let _gone = confirm.send(Err(NotConfirmed::Returned(no_queue)));
            return;
        }
        self.store(&recipient, &parcel);
        if self.strikes(30) {
            weather.count("broker: confirms lost");
            self.cut(Some(&recipient));
            return;
        }
        let longest = if self.strikes(30) {
            weather.count("broker: confirms late");
            Duration::from_secs(20)
        } else {
            weather.sync
        };
        self.machine.while_passes(longest).await;
        let _gone = confirm.send(Ok(()));
    }
}

/// The broker as one run of the gateway sees it.
pub(crate) struct Connection(pub(crate) Arc<Exchange>);

impl Broker for Connection {
    fn open<'a>(
        &'a self,
        recipient: &'a RecipientId,
    ) -> BoxFuture<'a, Result<Box<dyn BrokerChannel>, BrokerError>> {
        Box::pin(async move {
            let exchange = &self.0;
            exchange.machine.while_passes(exchange.weather.sync).await;
            let away = *exchange.away_until.lock().unwrap() > exchange.machine.passed();
            if (away && !exchange.weather.is_calm()) || exchange.strikes(60) {
                exchange.weather.count("broker: connections refused");
                return Err(BrokerError::Away("refused".to_owned()));
            }
            let mut queues = exchange.queues();
            let queues = queues.entry(recipient.clone()).or_default();
            queues.cut();
            queues.channel += 1;
            queues.whole = true;
            queues.numbers = [0; LANES];
            let channel: Box<dyn BrokerChannel> = Box::new(Channel {
                exchange: Arc::clone(exchange),
                recipient: recipient.clone(),
                number: queues.channel,
            });
            Ok(channel)
        })
    }
}

struct Channel {
    exchange: Arc<Exchange>,
    recipient: RecipientId,
    number: u64,
}

impl Channel {
    /// Does something with the queues, unless the channel broke.
    fn with<T>(&self, act: impl FnOnce(&mut Queues) -> T) -> Result<T, BrokerError> {
        let mut queues = self.exchange.queues();
        let queues = queues.get_mut(&self.recipient);
        let whole = queues.filter(|queues| queues.whole && queues.channel == self.number);
        let broken = || BrokerError::Away("the connection broke".to_owned());
        whole.map(act).ok_or_else(broken)
    }

    async fn wait_for_arrivals(&self) -> Result<Vec<Arrival>, BrokerError> {
        let machine = &self.exchange.machine;
        loop {
            let changed = self.exchange.changed.notified();
            let limit = 1 + machine.below(4);
            let (arrivals, next) = self.with(|queues| queues.take(limit, machine.passed()))?;
            if !arrivals.is_empty() {
                return Ok(arrivals);
            }
            match next {
                None => changed.await,
                Some(next) => {
                    let pause = machine.pause(next.saturating_sub(machine.passed()));
                    select(pin!(changed), pause).await;
                }
            }
        }
    }

    async fn send(&self, parcel: Parcel) -> Result<(), NotConfirmed> {
        let lost = || NotConfirmed::Lost("the connection broke".to_owned());
        self.with(|_| ()).map_err(|_| lost())?;
        let (confirm, mut confirmed) = oneshot::channel();
        let exchange = Arc::clone(&self.exchange);
        let carry = exchange.carry(self.recipient.clone(), parcel, confirm);
        let machine = &self.exchange.machine;
        machine.spawn_in(WORLD, "publish", Box::pin(carry));
        self.exchange.weather.count("broker: published");
        loop {
            let changed = self.exchange.changed.notified();
            self.with(|_| ()).map_err(|_| lost())?;
            match select(&mut confirmed, pin!(changed)).await {
                Either::Left((Ok(confirmed), _)) => return confirmed,
                // A confirm that is lost never comes.
                Either::Left((Err(_), _)) => break,
                Either::Right(_) => {}
            }
        }
        loop {
            let changed = self.exchange.changed.notified();
            self.with(|_| ()).map_err(|_| lost())?;
            changed.await;
        }
    }

    fn end(&self, Tag { lane, number }: Tag, all_before: bool) -> Result<(), BrokerError> {
        let was_there = self.with(|queues| {
            let unacknowledged = &mut queues.unacknowledged[lane];
            let was_there = unacknowledged.remove(&number).is_some();
            if all_before {
                *unacknowledged = unacknowledged.split_off(&number);
            }
            was_there
        })?;
        if !was_there {
            *self.exchange.wrong_acknowledgements.lock().unwrap() += 1;
        }
        Ok(())
    }
}

impl BrokerChannel for Channel {
    fn publish(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), NotConfirmed>> {
        Box::pin(self.send(parcel))
    }

    fn arrivals(&self) -> BoxFuture<'_, Result<Vec<Arrival>, BrokerError>> {
        Box::pin(self.wait_for_arrivals())
    }

    fn acknowledge(&self, tag: Tag, all_before: bool) -> BoxFuture<'_, Result<(), BrokerError>> {
        Box::pin(async move { self.end(tag, all_before) })
    }

    fn set_aside(&self, tag: Tag) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.exchange.weather.count("broker: set aside");
        Box::pin(async move { self.end(tag, false) })
    }

    fn is_blocked(&self) -> bool {
        self.exchange.is_blocked()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let _broken = self.with(Queues::cut);
    }
}
