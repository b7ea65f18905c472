//! `Transit`, which deliveries of one recipient are between the store and the workers, and where:
//! published, arrived, or in a worker's hands. Nothing is sent or waited for here but in
//! `courier`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use isthmus_core::delivery_queue::{Delivery, Draw, HandOut, QueueError, Whose};
use isthmus_core::id::DeliveryId;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::acknowledgements::Acknowledgements;
use crate::broker::{Arrival, Parcel, Tag};

/// Deliveries of one recipient between the store and the end of their hand-over.
pub(crate) const WINDOW: u16 = 256;

/// Their sealed bytes. A draw may go beyond it once, by what the store gives at once.
const WINDOW_BYTES: usize = 8 << 20;

/// One recipient's deliveries on their way.
#[derive(Debug, Default)]
pub(crate) struct Transit {
    state: Mutex<State>,
    /// Something arrived, or nothing ever will.
    ready: Notify,
    /// There is more room, or something to acknowledge.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    on_the_way: BTreeMap<DeliveryId, OnTheWay>,
    /// Arrived and not taken, in the order of arrival.
    urgent: VecDeque<DeliveryId>,
    others: VecDeque<DeliveryId>,
    bytes: usize,
    turns: u64,
    /// Lane by lane.
    acknowledgements: BTreeMap<usize, Acknowledgements>,
    /// Why nothing comes any more.
    ended: Option<QueueError>,
}

/// A delivery on its way. Its sealed bytes are with the broker until it arrives.
#[derive(Debug)]
struct OnTheWay {
    delivery: Delivery,
    size: usize,
    print: [u8; 32],
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Published at this time; the broker may have confirmed it.
    Published { since: Duration },
    /// Here, and acknowledged when it is settled; the tag is gone when its channel broke.
    Arrived { tag: Option<Tag> },
    /// With a worker.
    InHand { tag: Option<Tag>, turn: u64 },
}

/// What becomes of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reception {
    /// A worker gets it.
    Taken,
    /// It is not waited for any more; acknowledged.
    Repeat,
    /// It is not what the store gave; to be set aside.
    Strange,
}

impl Transit {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes at the next change after this call that the courier has to know.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// How many more may be sent on their way.
    pub(crate) fn room(&self) -> usize {
        let state = self.state();
        if state.bytes >= WINDOW_BYTES {
            return 0;
        }
        usize::from(WINDOW).saturating_sub(state.on_the_way.len())
    }

    /// Notes deliveries as published and gives what is to be published.
    pub(crate) fn publish(&self, deliveries: Vec<Delivery>, now: Duration) -> Vec<Parcel> {
        let mut state = self.state();
        let parcels = deliveries
            .into_iter()
            .map(|delivery| state.publish(delivery, now));
        parcels.collect()
    }

    /// The broker has not taken this one. True: it is to be given back to the store.
    pub(crate) fn not_confirmed(&self, id: &DeliveryId) -> bool {
        let mut state = self.state();
        let is_published = state
            .on_the_way
            .get(id)
            .is_some_and(|one| matches!(one.place, Place::Published { .. }));
        if is_published {
            state.forget(id);
        }
        is_published
    }

    /// Takes an arrival in. Any copy of what is waited for will do: a copy may have been left by
    /// an earlier channel, or by the run before.
    pub(crate) fn arrive(&self, arrival: Arrival) -> Reception {
        let mut state = self.state();
        let tag = arrival.tag;
        let reception = state.arrive(arrival);
        match reception {
            Reception::Taken => {
                drop(state);
                self.ready.notify_waiters();
            }
            Reception::Repeat => state.lane(tag).done(tag.number),
            Reception::Strange => state.lane(tag).told(tag.number),
        }
        reception
    }

    /// Waits for arrivals and takes them. One a patient: the store gives no more at a time.
    pub(crate) async fn take(&self, draw: Draw) -> Result<Vec<Delivery>, QueueError> {
        loop {
            let ready = self.ready.notified();
            {
                let mut state = self.state();
                if let Some(ended) = &state.ended {
                    return Err(ended.clone());
                }
                let taken = state.take(draw.limit.max(1));
                if !taken.is_empty() {
                    return Ok(taken);
                }
            }
            ready.await;
        }
    }

    /// What workers have of these.
    pub(crate) fn in_hand(&self, of: Whose<'_>) -> Vec<HandOut> {
        let state = self.state();
        let in_hand = state.on_the_way.values().filter_map(|one| match one.place {
            Place::InHand { turn, .. } => Some((&one.delivery, turn)),
            Place::Published { .. } | Place::Arrived { .. } => None,
        });
        let meant = in_hand.filter(|(one, _)| of.means(&one.subject, &one.addresses));
        let hand_out = |(one, turn): (&Delivery, u64)| HandOut {
            delivery: one.id,
            turn,
        };
        meant.map(hand_out).collect()
    }

    /// Whether a worker still has it.
    pub(crate) fn is_in_hand(&self, one: &HandOut) -> bool {
        self.turn_of(&one.delivery) == Some(one.turn)
    }

    /// Which hand-outs these are now.
    pub(crate) fn hand_outs(&self, ids: impl IntoIterator<Item = DeliveryId>) -> Vec<HandOut> {
        let hand_out = |delivery| {
            let turn = self.turn_of(&delivery)?;
            Some(HandOut { delivery, turn })
        };
        ids.into_iter().filter_map(hand_out).collect()
    }

    fn turn_of(&self, id: &DeliveryId) -> Option<u64> {
        match self.state().on_the_way.get(id)?.place {
            Place::InHand { turn, .. } => Some(turn),
            Place::Published { .. } | Place::Arrived { .. } => None,
        }
    }

    /// The store has noted how these hand-outs ended, or has them again: the broker may forget
    /// them. One that the store gave anew meanwhile is another, and stays.
    pub(crate) fn end(&self, hand_outs: &[HandOut]) {
        let mut state = self.state();
        for HandOut { delivery, turn } in hand_outs {
            let place = state.on_the_way.get(delivery).map(|one| &one.place);
            if matches!(place, Some(Place::InHand { turn: now, .. }) if now == turn) {
                state.forget(delivery);
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// The channel broke. Gives what was published and has not arrived: the store gives it again.
    /// What arrived stays, and is acknowledged as a repeat when it comes again.
    pub(crate) fn cut(&self) -> Vec<DeliveryId> {
        let mut state = self.state();
        state.acknowledgements.clear();
        let mut published = Vec::new();
        for (id, one) in &mut state.on_the_way {
            match &mut one.place {
                Place::Published { .. } => published.push(*id),
                Place::Arrived { tag } | Place::InHand { tag, .. } => *tag = None,
            }
        }
        for id in &published {
            state.forget(id);
        }
        published
    }

    /// What may be told the broker now: tags, and whether all before them are meant. `all` tells
    /// what else would wait for more to be told with it.
    pub(crate) fn acknowledge(&self, all: bool) -> Vec<(Tag, bool)> {
        let mut due = Vec::new();
        for (&lane, acknowledgements) in &mut self.state().acknowledgements {
            let numbers = acknowledgements.due(all).into_iter();
            due.extend(numbers.map(|(number, all_before)| (Tag { lane, number }, all_before)));
        }
        due
    }

    /// Whether something was published so long ago that it should have arrived.
    pub(crate) fn is_overdue(&self, now: Duration, longest: Duration) -> bool {
        let state = self.state();
        let mut published = state.on_the_way.values().filter_map(|one| match one.place {
            Place::Published { since } => Some(since),
            Place::Arrived { .. } | Place::InHand { .. } => None,
        });
        published.any(|since| now.saturating_sub(since) >= longest)
    }

    /// Lets the time of what is published count from now: the broker took nothing for a while.
    pub(crate) fn excuse(&self, now: Duration) {
        for one in self.state().on_the_way.values_mut() {
            if let Place::Published { since } = &mut one.place {
                *since = now;
            }
        }
    }

    /// Nothing comes any more, for this reason.
    pub(crate) fn end_all(&self, why: QueueError) {
        self.state().ended = Some(why);
        self.ready.notify_waiters();
        self.changed.notify_waiters();
    }

    /// Whether nothing comes any more.
    pub(crate) fn is_ended(&self) -> bool {
        self.state().ended.is_some()
    }
}

impl State {
    fn publish(&mut self, mut delivery: Delivery, now: Duration) -> Parcel {
        let (grant, key) = (delivery.sealed.grant().clone(), delivery.sealed.key());
        let without_bytes = SealedDisclosure::from_stored(grant, key, Vec::new());
        let parcel = Parcel {
            delivery: delivery.id,
            subject: delivery.subject,
            urgent: delivery.urgent,
            created_at: delivery.created_at,
            sealed: std::mem::replace(&mut delivery.sealed, without_bytes),
        };
        // The store gives it while a worker still has it when it was settled just now.
        self.forget(&delivery.id);
        let size = parcel.sealed.bytes().len();
        self.bytes += size;
        let one = OnTheWay {
            size,
            print: print(parcel.sealed.bytes()),
            place: Place::Published { since: now },
            delivery,
        };
        self.on_the_way.insert(one.delivery.id, one);
        parcel
    }

    fn arrive(&mut self, arrival: Arrival) -> Reception {
        let Some(id) = arrival.delivery else {
            return Reception::Strange;
        };
        let Some(one) = self.on_the_way.get_mut(&id) else {
            return Reception::Repeat;
        };
        match one.place {
            Place::Arrived { .. } | Place::InHand { .. } => return Reception::Repeat,
            Place::Published { .. } if one.print != print(&arrival.body) => {
                return Reception::Strange;
            }
            Place::Published { .. } => {}
        }
        let sealed = &one.delivery.sealed;
        let (grant, key) = (sealed.grant().clone(), sealed.key());
        one.delivery.sealed = SealedDisclosure::from_stored(grant, key, arrival.body);
        one.place = Place::Arrived {
            tag: Some(arrival.tag),
        };
        let lane = if one.delivery.urgent {
            &mut self.urgent
        } else {
            &mut self.others
        };
        lane.push_back(id);
        Reception::Taken
    }

    fn take(&mut self, limit: usize) -> Vec<Delivery> {
        let mut taken = Vec::new();
        while taken.len() < limit {
            let Some(id) = self.urgent.pop_front().or_else(|| self.others.pop_front()) else {
                break;
            };
            let Some(one) = self.on_the_way.get_mut(&id) else {
                continue;
            };
            if let Place::Arrived { tag } = one.place {
                self.turns += 1;
                one.place = Place::InHand {
                    tag,
                    turn: self.turns,
                };
                let sealed = &one.delivery.sealed;
                let (grant, key) = (sealed.grant().clone(), sealed.key());
                let without_bytes = SealedDisclosure::from_stored(grant, key, Vec::new());
                let mut delivery = one.delivery.clone();
                delivery.sealed = std::mem::replace(&mut one.delivery.sealed, without_bytes);
                taken.push(delivery);
            }
        }
        taken
    }

    /// Takes it off the way. The broker may forget it, too.
    fn forget(&mut self, id: &DeliveryId) {
        let Some(one) = self.on_the_way.remove(id) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(one.size);
        match one.place {
            Place::Published { .. } => {}
            Place::Arrived { tag } => {
                self.urgent.retain(|waiting| waiting != id);
                self.others.retain(|waiting| waiting != id);
                self.done(tag);
            }
            Place::InHand { tag, .. } => self.done(tag),
        }
    }

    fn lane(&mut self, tag: Tag) -> &mut Acknowledgements {
        self.acknowledgements.entry(tag.lane).or_default()
    }

    /// The broker may forget an arrival, unless its channel broke.
    fn done(&mut self, tag: Option<Tag>) {
        if let Some(tag) = tag {
            self.lane(tag).done(tag.number);
        }
    }
}

/// By which a copy is known: what is not what the store gave does not reach a worker.
fn print(bytes: &[u8]) -> [u8; 32] {
    let mut print = [0; 32];
    print.copy_from_slice(digest(&SHA256, bytes).as_ref());
    print
}
