//! The delivery queue over the rows of the simulated store, as `EmbeddedQueue` and its relays work:
//! heads alone, one in hand a patient, a window of what is due, of which what is
//! urgent comes first. The rows are in `tables`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::select;
use isthmus_core::address::AddressDigest;
use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw, HandOut, QueueError, Whose};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId, SubjectKey};
use isthmus_core::journal::{Journal, JournalError, Settlement, Unit};
use tokio::sync::Notify;

use crate::store::Store;
use crate::tables::{Row, Tables};

/// Small, so that their bounds are met in short runs.
const WINDOW: usize = 6;
const IN_HAND: usize = 12;
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// A queue of one run of the gateway.
pub(crate) struct Embedded {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) executor: Arc<dyn Executor>,
    /// The newest row of the run before this one.
    recovered_to: u64,
    relays: BTreeMap<RecipientId, Relay>,
    /// False plants a fault: whatever is due is drawn.
    one_in_hand: bool,
}

#[derive(Default)]
struct Relay {
    changed: Notify,
    state: Mutex<State>,
}

struct InHand {
    subject: SubjectKey,
    addresses: Vec<AddressDigest>,
    turn: u64,
}

/// A row that is due, as it was when it was loaded.
type Loaded = (u64, Row);

#[derive(Default)]
struct State {
    window: VecDeque<Loaded>,
    in_hand: BTreeMap<DeliveryId, InHand>,
    turns: u64,
}

impl Embedded {
    pub(crate) fn new(
        store: &Arc<Store>,
        clock: Arc<dyn Clock>,
        executor: Arc<dyn Executor>,
        recipients: impl Iterator<Item = RecipientId>,
        one_in_hand: bool,
    ) -> Self {
        Self {
            recovered_to: store.read_tables(|tables| tables.last_row),
            store: Arc::clone(store),
            clock,
            executor,
            relays: recipients.map(|one| (one, Relay::default())).collect(),
            one_in_hand,
        }
    }

    fn relay(&self, recipient: &RecipientId) -> Result<&Relay, QueueError> {
        let relay = self.relays.get(recipient);
        relay.ok_or_else(|| QueueError("no such recipient".to_owned()))
    }

    async fn draw(&self, recipient: &RecipientId, draw: Draw) -> Result<Vec<Delivery>, QueueError> {
        let relay = self.relay(recipient)?;
        if !self.one_in_hand {
            // What goes back behind one in hand would be drawn at once, for ever.
            self.executor.sleep(Duration::from_millis(1)).await;
        }
        loop {
            let changed = relay.changed.notified();
            let now = self.clock.now();
            let (drawn, due) = self.take(recipient, relay, draw, now);
            if !drawn.is_empty() {
                return Ok(drawn);
            }
            match due {
                None => changed.await,
                Some(due) => {
                    let wait = due.saturating_sub(now.unix_millis());
                    let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
                    let sleep = self.executor.sleep(wait.min(LONGEST_SLEEP));
                    select(std::pin::pin!(changed), sleep).await;
                }
            }
        }
    }

    /// What is due, and when more is if nothing is.
    fn take(
        &self,
        recipient: &RecipientId,
        relay: &Relay,
        draw: Draw,
        now: Timestamp,
    ) -> (Vec<Delivery>, Option<i64>) {
        let mut state = relay.state.lock().unwrap();
        let limit = draw.limit.clamp(1, IN_HAND);
        let limit = limit.min(IN_HAND.saturating_sub(state.in_hand.len()));
        if limit == 0 {
            return (Vec::new(), None);
        }
        self.store.read_tables(|tables| {
            if state.window.len() < limit {
                state.load(tables, recipient, now, self.one_in_hand);
            }
            let count = limit.min(state.window.len());
            let mut drawn: Vec<Loaded> = state.window.drain(..count).collect();
            if draw.consecutive {
                state.extend(tables, recipient, (&mut drawn, limit), now);
            }
            let is_drawn = |place: u64| drawn.iter().any(|(one, _)| *one == place);
            state.window.retain(|(place, _)| !is_drawn(*place));
            let due = next_due(tables, recipient, now);
            for (_, row) in &drawn {
                state.hand_out(row);
            }
            let deliveries = drawn.into_iter();
            let deliveries = deliveries.map(|one| delivery(one, self.recovered_to));
            (deliveries.collect(), due)
        })
    }

    async fn commit(
        &self,
        recipient: &RecipientId,
        settlements: Vec<Settlement>,
    ) -> Result<(), QueueError> {
        let ids: Vec<DeliveryId> = settlements.iter().map(|one| one.id).collect();
        loop {
            let unit = Unit::Settlements(settlements.clone());
            match self.store.commit(unit).await {
                Ok(_committed) => break,
                Err(JournalError::Full) => self.executor.sleep(FULL_PAUSE).await,
                Err(error) => return Err(QueueError(error.to_string())),
            }
        }
        self.give_back(recipient, &ids);
        Ok(())
    }
}

impl State {
    /// Fills the window with heads of patients of whom nothing is in hand: half of it with what
    /// was tried before, so that neither keeps the other out.
    fn load(
        &mut self,
        tables: &Tables,
        recipient: &RecipientId,
        now: Timestamp,
        one_in_hand: bool,
    ) {
        let room = WINDOW.saturating_sub(self.window.len());
        let mut taken: BTreeSet<SubjectKey> =
            self.in_hand.values().map(|one| one.subject).collect();
        taken.extend(self.window.iter().map(|(_, row)| row.subject));
        let lanes = tables.lanes.iter();
        let lanes = lanes.filter(|((of, _), _)| of == recipient);
        let mut heads: Vec<u64> = if one_in_hand {
            lanes
                .filter_map(|(_, rows)| rows.first().copied())
                .collect()
        } else {
            let waits = |place: &u64| {
                let is_loaded = self.window.iter().any(|(loaded, _)| loaded == place);
                let row = tables.deliveries.get(place);
                !is_loaded && row.is_some_and(|row| !self.in_hand.contains_key(&row.id))
            };
            taken.clear();
            lanes
                .flat_map(|(_, rows)| rows)
                .copied()
                .filter(waits)
                .collect()
        };
        heads.sort_unstable();
        let due = heads.into_iter().filter_map(|place| {
            let row = tables.deliveries.get(&place)?;
            row.is_due(now).then_some((place, row))
        });
        let (urgent, others): (Vec<_>, Vec<_>) = due.partition(|(_, row)| row.urgent);
        let others = others.into_iter();
        let (mut retried, fresh): (Vec<_>, Vec<_>) =
            others.partition(|(_, row)| row.not_before > 0);
        retried.sort_by_key(|(place, row)| (row.not_before, *place));
        let mut loaded = Vec::new();
        let rounds = [(WINDOW, urgent), (room.div_ceil(2), retried), (room, fresh)];
        for (limit, rows) in rounds {
            for (place, row) in rows {
                if loaded.len() >= limit {
                    break;
                }
                if !one_in_hand || taken.insert(row.subject) {
                    loaded.push((place, row.clone()));
                }
            }
        }
        self.window.extend(loaded);
        self.window
            .make_contiguous()
            .sort_by_key(|(place, row)| (!row.urgent, *place));
    }

    /// Adds what follows on the patients that were drawn, in order and without a gap.
    fn extend(
        &self,
        tables: &Tables,
        recipient: &RecipientId,
        (drawn, limit): (&mut Vec<Loaded>, usize),
        now: Timestamp,
    ) {
        let heads: Vec<(u64, SubjectKey)> = drawn
            .iter()
            .map(|(place, row)| (*place, row.subject))
            .collect();
        for (place, subject) in heads {
            let Some(lane) = tables.lanes.get(&(recipient.clone(), subject)) else {
                continue;
            };
            let successors = lane.range(place + 1..);
            for (place, row) in successors.filter_map(|one| tables.deliveries.get_key_value(one)) {
                let is_out = self.in_hand.contains_key(&row.id);
                if drawn.len() >= limit || !row.is_due(now) || is_out {
                    break;
                }
                drawn.push((*place, row.clone()));
            }
        }
    }

    fn hand_out(&mut self, row: &Row) {
        self.turns += 1;
        let one = InHand {
            subject: row.subject,
            addresses: row.addresses.clone(),
            turn: self.turns,
        };
        self.in_hand.insert(row.id, one);
    }
}

fn next_due(tables: &Tables, recipient: &RecipientId, now: Timestamp) -> Option<i64> {
    let lanes = tables.lanes.iter();
    let lanes = lanes.filter(|((of, _), _)| of == recipient);
    let heads = lanes.filter_map(|(_, rows)| tables.deliveries.get(rows.first()?));
    let waiting = heads.filter(|row| row.parked.is_none());
    let later = waiting.map(|row| row.not_before);
    later.filter(|due| *due > now.unix_millis()).min()
}

fn delivery((place, row): Loaded, recovered_to: u64) -> Delivery {
    Delivery {
        id: row.id,
        subject: row.subject,
        sequence: row.sequence,
        addresses: row.addresses,
        created_at: row.created_at,
        attempt: row.attempt,
        recovered: place <= recovered_to,
        urgent: row.urgent,
        sealed: row.sealed,
    }
}

impl DeliveryQueue for Embedded {
    fn next<'a>(
        &'a self,
        recipient: &'a RecipientId,
        draw: Draw,
    ) -> BoxFuture<'a, Result<Vec<Delivery>, QueueError>> {
        Box::pin(self.draw(recipient, draw))
    }

    fn settle<'a>(
        &'a self,
        recipient: &'a RecipientId,
        settlements: Vec<Settlement>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(self.commit(recipient, settlements))
    }

    fn give_back(&self, recipient: &RecipientId, ids: &[DeliveryId]) {
        if let Some(relay) = self.relays.get(recipient) {
            let mut state = relay.state.lock().unwrap();
            for id in ids {
                state.in_hand.remove(id);
            }
            drop(state);
            relay.changed.notify_waiters();
        }
    }

    fn committed(&self, recipient: &RecipientId) {
        if let Some(relay) = self.relays.get(recipient) {
            relay.changed.notify_waiters();
        }
    }

    fn in_hand(&self, of: Whose<'_>) -> Vec<HandOut> {
        let hand_outs = |relay: &Relay| {
            let state = relay.state.lock().unwrap();
            let meant = state.in_hand.iter();
            let meant = meant.filter(|(_, one)| of.means(&one.subject, &one.addresses));
            let hand_outs = meant.map(|(&delivery, one)| HandOut {
                delivery,
                turn: one.turn,
            });
            hand_outs.collect::<Vec<_>>()
        };
        self.relays.values().flat_map(hand_outs).collect()
    }

    fn is_in_hand(&self, one: &HandOut) -> bool {
        self.relays.values().any(|relay| {
            let state = relay.state.lock().unwrap();
            let present = state.in_hand.get(&one.delivery);
            present.is_some_and(|present| present.turn == one.turn)
        })
    }
}
