//! `Summary`, counts and lists for people: how much is stored, what waits for whom; no message and
//! nothing about a patient.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use isthmus_core::clock::Timestamp;
use isthmus_core::id::Sequence;
use isthmus_core::subject::Digester;
use rusqlite::{Connection, Row};

use crate::database::{hold, open_reader};
use crate::error::{StoreError, in_file};
use crate::message_trail::{MessageTrail, read_trails};
use crate::parked_list::{self, Parked, list_parked};

/// How much a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accepted messages.
    pub intakes: u64,
    /// Those without an outcome yet.
    pub open: u64,
    /// Outcomes, in order of kind and reason.
    pub outcomes: Vec<OutcomeCount>,
    /// What the gate said, in order of recipient, flow, verdict and reason.
    pub decisions: Vec<DecisionCount>,
    /// Deliveries, in order of recipient and state.
    pub deliveries: Vec<DeliveryCount>,
    /// What senders are owed, in order of sender.
    pub owed: Vec<OwedCount>,
}

/// How many application acknowledgements a sender has not heard yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedCount {
    /// The sender.
    pub sender: String,
    /// How many.
    pub count: u64,
    /// Since when the oldest is owed.
    pub oldest: Timestamp,
}

/// How many messages ended so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeCount {
    /// `translated` or `parked`.
    pub kind: String,
    /// Why it was parked.
    pub reason: Option<String>,
    /// How many.
    pub count: u64,
}

/// How many times the gate said so of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionCount {
    /// The recipient.
    pub recipient: String,
    /// The flow.
    pub flow: String,
    /// `released`, `withheld` or `parked`.
    pub verdict: String,
    /// Why it was withheld or parked.
    pub reason: Option<String>,
    /// How many.
    pub count: u64,
}

/// How many deliveries of a recipient stand so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCount {
    /// The recipient.
    pub recipient: String,
    /// `waiting` (never tried, or behind another of its patient), `retrying`, `parked`,
    /// `delivered`, `withheld` right before it would have been sent, or `dropped` by a person.
    pub state: String,
    /// How many.
    pub count: u64,
}

/// Reads counts and lists over a connection of its own.
pub struct Summary {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Summary {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            path: path.to_owned(),
            connection: Mutex::new(open_reader(path)?),
        })
    }

    /// Counts everything: one pass over the rows, so not for every second.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let connection = hold(&self.connection);
        count_all(&connection).map_err(in_file(&self.path))
    }

    /// What waits for a person, in the order of the journal, after a place in it: messages, parts
    /// of them for one recipient, and deliveries that the recipient refused. Pages end with a
    /// whole message, so one may hold a few more than `limit`.
    pub fn parked(&self, after: Option<Sequence>, limit: usize) -> Result<Vec<Parked>, StoreError> {
        let connection = hold(&self.connection);
        let after = after.unwrap_or(Sequence(0)).0.cast_signed();
        list_parked(&connection, after, limit).map_err(in_file(&self.path))
    }

    /// Whether deliveries of a later message of the same patient were made or wait. Reads all
    /// deliveries that were made, so it is for a person's question.
    pub fn was_overtaken(&self, sequence: Sequence) -> Result<bool, StoreError> {
        let connection = hold(&self.connection);
        parked_list::was_overtaken(&connection, sequence).map_err(in_file(&self.path))
    }

    /// What became of the messages of a sender's control id, by its digest
    /// ([`isthmus_core::subject::Digester::control_id`]), oldest first.
    pub fn trails(
        &self,
        control: &[u8; 16],
        digester: &Digester,
    ) -> Result<Vec<MessageTrail>, StoreError> {
        let connection = hold(&self.connection);
        read_trails(&connection, control, digester).map_err(in_file(&self.path))
    }
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Summary({})", self.path.display())
    }
}

fn count_all(connection: &Connection) -> rusqlite::Result<Counts> {
    let total = |table: &str| {
        let count = format!("SELECT count(*) FROM {table}");
        connection.query_row(&count, (), |row| count_at(row, 0))
    };
    let mut outcomes = connection.prepare(
        "SELECT kind, reason, count(*) FROM outcome GROUP BY kind, reason ORDER BY kind, reason",
    )?;
    let outcomes = outcomes.query_map((), |row| {
        Ok(OutcomeCount {
            kind: row.get(0)?,
            reason: row.get(1)?,
            count: count_at(row, 2)?,
        })
    })?;
    Ok(Counts {
        intakes: total("intake")?,
        open: total("open_intake")?,
        outcomes: outcomes.collect::<rusqlite::Result<_>>()?,
        decisions: count_decisions(connection)?,
        deliveries: count_deliveries(connection)?,
        owed: count_owed(connection)?,
    })
}

fn count_decisions(connection: &Connection) -> rusqlite::Result<Vec<DecisionCount>> {
    let mut decisions = connection.prepare(
        "SELECT recipient, flow, verdict, reason, count(*) FROM decision
         GROUP BY recipient, flow, verdict, reason ORDER BY 1, 2, 3, 4",
    )?;
    let decisions = decisions.query_map((), |row| {
        Ok(DecisionCount {
            recipient: row.get(0)?,
            flow: row.get(1)?,
            verdict: row.get(2)?,
            reason: row.get(3)?,
            count: count_at(row, 4)?,
        })
    })?;
    decisions.collect()
}

fn count_deliveries(connection: &Connection) -> rusqlite::Result<Vec<DeliveryCount>> {
    let mut deliveries = connection.prepare(
        "SELECT recipient,
             CASE WHEN state = 1 THEN 'parked' WHEN attempt > 1 THEN 'retrying'
                  ELSE 'waiting' END AS stands, count(*)
         FROM delivery GROUP BY recipient, stands
         UNION ALL SELECT recipient,
             CASE WHEN outcome IS NULL THEN 'delivered' WHEN outcome = 'dropped' THEN 'dropped'
                  ELSE 'withheld' END AS stands, count(*)
         FROM delivered GROUP BY recipient, stands
         ORDER BY 1, 2",
    )?;
    let deliveries = deliveries.query_map((), |row| {
        Ok(DeliveryCount {
            recipient: row.get(0)?,
            state: row.get(1)?,
            count: count_at(row, 2)?,
        })
    })?;
    deliveries.collect()
}

fn count_owed(connection: &Connection) -> rusqlite::Result<Vec<OwedCount>> {
    let mut owed = connection.prepare(
        "SELECT sender, count(*), min(at) FROM owed_acknowledgement GROUP BY sender ORDER BY 1",
    )?;
    let owed = owed.query_map((), |row| {
        Ok(OwedCount {
            sender: row.get(0)?,
            count: count_at(row, 1)?,
            oldest: Timestamp::from_unix_millis(row.get(2)?),
        })
    })?;
    owed.collect()
}

fn count_at(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}
