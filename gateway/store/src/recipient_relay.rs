//! `RecipientRelay`, which deliveries of one recipient are due and which are being worked on; the
//! waiting is done in `embedded_queue`.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::{Delivery, Draw, HandOut, Whose};
use isthmus_core::id::{DeliveryId, RecipientId, SubjectKey};
use rusqlite::Connection;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::database::hold;
use crate::delivery_rows::{
    Reading, StoredDelivery, each_delivery, fresh_heads, heads_beyond, next_due, retried_heads,
    successors, urgent_heads,
};

/// Deliveries that are due and loaded.
const WINDOW: usize = 512;

/// Their bytes, and those of one draw.
const WINDOW_BYTES: usize = 8 << 20;

/// Deliveries that workers may have in hand.
const IN_HAND: usize = 1_024;

/// No retry lies farther ahead than a day, which is the longest that a recipient can ask for. One
/// that does was written while the clock stood ahead, and is due.
const RETRY_AHEAD_MS: i64 = 24 * 60 * 60 * 1_000;

/// The same while the clock is known to have stood ahead: the longest wait that nobody asked for.
const DRAWN_RETRY_AHEAD_MS: i64 = 15 * 60 * 1_000;

/// A clock that is set back by less changes no wait by much.
const SET_BACK_MS: i64 = 60 * 1_000;

/// What a draw gave.
#[derive(Debug)]
pub(crate) enum Drawn {
    /// At least one.
    Deliveries(Vec<Delivery>),
    /// Nothing is due before this time, as far as is known now.
    Nothing { due: Option<Timestamp> },
}

/// The deliveries of one recipient.
#[derive(Debug)]
pub(crate) struct RecipientRelay {
    recipient: RecipientId,
    recovered_to: i64,
    state: Mutex<RelayState>,
    /// The rows may have changed since the window was loaded.
    stale: AtomicBool,
    /// The same for those that go before all others.
    urgent_stale: AtomicBool,
    changed: Notify,
}

/// What is known of a delivery that a worker has.
#[derive(Debug)]
struct InHand {
    subject: SubjectKey,
    addresses: Vec<AddressDigest>,
    turn: u64,
}

#[derive(Debug)]
struct RelayState {
    connection: Connection,
    /// Due, one a patient, oldest first.
    window: VecDeque<StoredDelivery>,
    /// With a worker.
    in_hand: HashMap<DeliveryId, InHand>,
    /// How many hand-outs there were.
    turns: u64,
    /// How many of a patient's are with a worker.
    busy: HashMap<SubjectKey, usize>,
    /// More rows were due than the window took.
    more: bool,
    /// When the next retry is due.
    due: Option<Timestamp>,
    /// The clock at the last look.
    last: Timestamp,
    /// The latest that it ever showed to this run.
    latest: Timestamp,
}

impl RecipientRelay {
    pub(crate) fn new(recipient: RecipientId, connection: Connection, recovered_to: i64) -> Self {
        Self {
            recipient,
            recovered_to,
            state: Mutex::new(RelayState {
                connection,
                window: VecDeque::new(),
                in_hand: HashMap::new(),
                turns: 0,
                busy: HashMap::new(),
                more: true,
                due: None,
                last: Timestamp::from_unix_millis(0),
                latest: Timestamp::from_unix_millis(0),
            }),
            stale: AtomicBool::new(true),
            urgent_stale: AtomicBool::new(true),
            changed: Notify::new(),
        }
    }

    /// Completes at the next change after this call.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// The rows changed.
    pub(crate) fn changes(&self) {
        self.stale.store(true, Ordering::SeqCst);
        self.urgent_stale.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// What workers have of these.
    pub(crate) fn in_hand(&self, of: Whose<'_>) -> Vec<HandOut> {
        let state = hold(&self.state);
        if let Whose::Subject(subject) = of
            && !state.busy.contains_key(subject)
        {
            return Vec::new();
        }
        let all = state.in_hand.iter();
        let meant = all.filter(|(_, one)| of.means(&one.subject, &one.addresses));
        let hand_out = |(&delivery, one): (&DeliveryId, &InHand)| HandOut {
            delivery,
            turn: one.turn,
        };
        meant.map(hand_out).collect()
    }

    /// Whether a worker still has it.
    pub(crate) fn is_in_hand(&self, one: &HandOut) -> bool {
        let state = hold(&self.state);
        let present = state.in_hand.get(&one.delivery);
        present.is_some_and(|present| present.turn == one.turn)
    }

    /// These are with no worker any more. The rows tell what becomes of them.
    pub(crate) fn release(&self, ids: &[DeliveryId]) {
        hold(&self.state).release(ids);
        self.changes();
    }

    /// Takes what is due. The rows are read under the lock that [`RecipientRelay::release`]
    /// takes: a row that was settled meanwhile is still in hand then, and not taken again.
    pub(crate) fn draw(&self, draw: Draw, now: Timestamp) -> rusqlite::Result<Drawn> {
        let mut state = hold(&self.state);
        let limit = draw
            .limit
            .max(1)
            .min(IN_HAND.saturating_sub(state.in_hand.len()));
        if limit == 0 {
            return Ok(Drawn::Nothing { due: None });
        }
        if state.was_set_back(now) {
            self.stale.store(true, Ordering::SeqCst);
        }
        if self.urgent_stale.swap(false, Ordering::SeqCst) {
            state.load_urgent(&self.recipient, now)?;
        }
        let outdated = state.due.is_some_and(|due| due <= now)
            || state.more
            || self.stale.load(Ordering::SeqCst);
        if state.window.len() < limit && outdated {
            self.stale.store(false, Ordering::SeqCst);
            state.load(&self.recipient, now)?;
        }
        let mut drawn = state.take(limit);
        if draw.consecutive {
            let extended = state.extend(&self.recipient, &mut drawn, limit, now);
            if extended.is_err() {
                let ids: Vec<DeliveryId> = drawn.iter().map(|stored| stored.delivery.id).collect();
                state.release(&ids);
                self.stale.store(true, Ordering::SeqCst);
            }
            extended?;
        }
        if drawn.is_empty() {
            return Ok(Drawn::Nothing { due: state.due });
        }
        let recovered_to = self.recovered_to;
        let deliveries = drawn.into_iter().map(|stored| Delivery {
            recovered: stored.row <= recovered_to,
            ..stored.delivery
        });
        Ok(Drawn::Deliveries(deliveries.collect()))
    }
}

impl RelayState {
    /// Looks at the clock; whether it shows less than at the last look.
    fn was_set_back(&mut self, now: Timestamp) -> bool {
        let set_back = now < self.last;
        self.last = now;
        self.latest = self.latest.max(now);
        set_back
    }

    /// The time beyond which no retry lies that was written by a clock like that of now.
    fn farthest_retry(&self, now: Timestamp) -> Timestamp {
        let now = now.unix_millis();
        let is_behind = self.latest.unix_millis().saturating_sub(now) > SET_BACK_MS;
        let ahead = if is_behind {
            DRAWN_RETRY_AHEAD_MS
        } else {
            RETRY_AHEAD_MS
        };
        Timestamp::from_unix_millis(now.saturating_add(ahead))
    }

    fn release(&mut self, ids: &[DeliveryId]) {
        for InHand { subject, .. } in ids.iter().filter_map(|id| self.in_hand.remove(id)) {
            if let Some(count) = self.busy.get_mut(&subject) {
                *count -= 1;
                if *count == 0 {
                    self.busy.remove(&subject);
                }
            }
        }
    }

    /// Adds what goes before all others, whatever the window holds.
    fn load_urgent(&mut self, recipient: &RecipientId, now: Timestamp) -> rusqlite::Result<()> {
        let mut taken = self.taken();
        let mut size: usize = self.window.iter().map(sealed_bytes).sum();
        let mut loaded = Vec::new();
        let urgent = urgent_heads(&self.connection, recipient)?;
        let read = each_delivery(urgent, recipient, now, |stored| {
            if loaded.len() >= WINDOW || size >= WINDOW_BYTES {
                return Reading::Enough;
            }
            if stored.due && taken.insert(stored.delivery.subject) {
                size += sealed_bytes(&stored);
                loaded.push(stored);
            }
            Reading::On
        })?;
        self.more |= read == Reading::Enough;
        self.add(loaded);
        Ok(())
    }

    /// Whose deliveries are in the window or with a worker.
    fn taken(&self) -> HashSet<SubjectKey> {
        let window = self.window.iter().map(|stored| stored.delivery.subject);
        self.busy.keys().copied().chain(window).collect()
    }

    /// Adds to the window: what goes before all others first, then what is older.
    fn add(&mut self, loaded: Vec<StoredDelivery>) {
        if loaded.is_empty() {
            return;
        }
        self.window.extend(loaded);
        self.window
            .make_contiguous()
            .sort_by_key(|stored| (!stored.delivery.urgent, stored.row));
    }

    /// Fills the window: up to half of the room with what was tried before, the rest with what
    /// was not, so that neither keeps the other out.
    fn load(&mut self, recipient: &RecipientId, now: Timestamp) -> rusqlite::Result<()> {
        let room = WINDOW.saturating_sub(self.window.len());
        let mut taken = self.taken();
        let mut size: usize = self.window.iter().map(sealed_bytes).sum();
        let mut loaded = Vec::new();
        let mut load = |limit: usize, stored: StoredDelivery| {
            if loaded.len() >= limit || size >= WINDOW_BYTES {
                return Reading::Enough;
            }
            if taken.insert(stored.delivery.subject) {
                size += sealed_bytes(&stored);
                loaded.push(stored);
            }
            Reading::On
        };
        let retried = retried_heads(&self.connection, recipient, now)?;
        let half = room.div_ceil(2);
        let retried = each_delivery(retried, recipient, now, |stored| load(half, stored))?;
        let beyond = heads_beyond(&self.connection, recipient, self.farthest_retry(now))?;
        let beyond = each_delivery(beyond, recipient, now, |stored| load(half, stored))?;
        let fresh = fresh_heads(&self.connection, recipient)?;
        let fresh = each_delivery(fresh, recipient, now, |stored| load(room, stored))?;
        self.add(loaded);
        self.more = [retried, beyond, fresh].contains(&Reading::Enough);
        self.due = next_due(&self.connection, recipient, now)?;
        Ok(())
    }

    /// Hands the first of the window to a worker.
    fn take(&mut self, limit: usize) -> Vec<StoredDelivery> {
        let drawn: Vec<StoredDelivery> =
            self.window.drain(..limit.min(self.window.len())).collect();
        for stored in &drawn {
            self.hand_out(stored);
        }
        drawn
    }

    /// Adds what follows on the patients that were drawn, in order and without a gap. Every
    /// patient comes first once: one with much to deliver keeps nobody out.
    fn extend(
        &mut self,
        recipient: &RecipientId,
        drawn: &mut Vec<StoredDelivery>,
        limit: usize,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let heads: Vec<(SubjectKey, i64)> = drawn
            .iter()
            .map(|stored| (stored.delivery.subject, stored.row))
            .collect();
        let mut size: usize = drawn.iter().map(sealed_bytes).sum();
        for (subject, row) in heads {
            let mut run = Vec::new();
            let room = limit.saturating_sub(drawn.len());
            let rows = successors(&self.connection, recipient, &subject, row)?;
            each_delivery(rows, recipient, now, |stored| {
                if run.len() >= room || size >= WINDOW_BYTES || !stored.due {
                    return Reading::Enough;
                }
                size += sealed_bytes(&stored);
                run.push(stored);
                Reading::On
            })?;
            for stored in &run {
                self.hand_out(stored);
            }
            drawn.append(&mut run);
        }
        Ok(())
    }

    fn hand_out(&mut self, stored: &StoredDelivery) {
        let Delivery { id, subject, .. } = stored.delivery;
        self.turns += 1;
        let one = InHand {
            subject,
            addresses: stored.delivery.addresses.clone(),
            turn: self.turns,
        };
        self.in_hand.insert(id, one);
        *self.busy.entry(subject).or_insert(0) += 1;
    }
}

fn sealed_bytes(stored: &StoredDelivery) -> usize {
    stored.delivery.sealed.bytes().len()
}
