//! `MessageTrail`, what became of one message and what it gave, for whoever asks why; what the gate
//! and the recipients said in detail stands in the ledger.

use std::collections::BTreeMap;

use isthmus_core::clock::Timestamp;
use isthmus_core::id::{DeliveryId, FlowId, MessageId, Sequence};
use isthmus_core::subject::Digester;
use rusqlite::{Connection, OptionalExtension, Row};

/// What became of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTrail {
    /// Its place in the journal.
    pub sequence: Sequence,
    /// Who sent it.
    pub sender: String,
    /// When its last byte arrived.
    pub received_at: Timestamp,
    /// What became of it; None: it waits for translation.
    pub outcome: Option<TrailOutcome>,
    /// What the gate said, flow by flow.
    pub decisions: Vec<TrailDecision>,
    /// What was to be delivered, in order of flow.
    pub deliveries: Vec<TrailDelivery>,
}

/// The outcome of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailOutcome {
    /// When.
    pub at: Timestamp,
    /// `translated`, `parked` or `dropped`.
    pub kind: String,
    /// The map, as `name version`.
    pub map: Option<String>,
    /// Rows that could not carry something that was not required.
    pub warnings: Option<u32>,
    /// Why it was parked.
    pub reason: Option<String>,
    /// Where in the message.
    pub location: Option<String>,
    /// Which rule.
    pub rule: Option<String>,
}

/// What the gate said of a message and a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailDecision {
    /// The recipient.
    pub recipient: String,
    /// The flow.
    pub flow: String,
    /// The flow's version.
    pub flow_version: u32,
    /// `released`, `withheld`, `parked` or `dropped`.
    pub verdict: String,
    /// How many records left.
    pub records: Option<u32>,
    /// Why not.
    pub reason: Option<String>,
    /// Where in the message.
    pub location: Option<String>,
    /// Which rule.
    pub rule: Option<String>,
}

/// How a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailDelivery {
    /// Its id, which the recipient sees.
    pub id: DeliveryId,
    /// The recipient.
    pub recipient: String,
    /// The flow.
    pub flow: String,
    /// `waiting`, `behind` another of its patient, `retrying`, `parked`, `delivered`, `dropped` or
    /// `withheld`.
    pub state: String,
    /// Attempts that were made, or begun when it is settled.
    pub attempts: u32,
    /// When it was settled; for one that is retried, when the next attempt is due.
    pub at: Option<Timestamp>,
    /// Why it waits, was parked or withheld.
    pub reason: Option<String>,
}

/// The messages of a sender's control id, by its digest, oldest first.
pub(crate) fn read_trails(
    connection: &Connection,
    control: &[u8; 16],
    digester: &Digester,
) -> rusqlite::Result<Vec<MessageTrail>> {
    let mut messages = connection.prepare_cached(
        "SELECT sequence, sender, received_at, message FROM intake WHERE control = ?1
         ORDER BY sequence",
    )?;
    let mut rows = messages.query([control])?;
    let mut trails = Vec::new();
    while let Some(row) = rows.next()? {
        let sequence = row.get::<_, i64>(0)?;
        let message = MessageId::from_bytes(row.get(3)?);
        let decisions = read_decisions(connection, sequence)?;
        trails.push(MessageTrail {
            sequence: Sequence(sequence.cast_unsigned()),
            sender: row.get(1)?,
            received_at: Timestamp::from_unix_millis(row.get(2)?),
            outcome: read_outcome(connection, sequence)?,
            deliveries: read_deliveries(connection, &message, &decisions, digester)?,
            decisions,
        });
    }
    Ok(trails)
}

fn read_outcome(connection: &Connection, sequence: i64) -> rusqlite::Result<Option<TrailOutcome>> {
    let mut statement = connection.prepare_cached(
        "SELECT at, kind, map, warnings, reason, location, rule FROM outcome WHERE sequence = ?1",
    )?;
    let read = |row: &Row<'_>| {
        Ok(TrailOutcome {
            at: Timestamp::from_unix_millis(row.get(0)?),
            kind: row.get(1)?,
            map: row.get(2)?,
            warnings: row.get(3)?,
            reason: row.get(4)?,
            location: row.get(5)?,
            rule: row.get(6)?,
        })
    };
    statement.query_row([sequence], read).optional()
}

fn read_decisions(connection: &Connection, sequence: i64) -> rusqlite::Result<Vec<TrailDecision>> {
    let mut statement = connection.prepare_cached(
        "SELECT recipient, flow, flow_version, verdict, records, reason, location, rule
         FROM decision WHERE sequence = ?1 ORDER BY position",
    )?;
    let decisions = statement.query_map([sequence], |row| {
        Ok(TrailDecision {
            recipient: row.get(0)?,
            flow: row.get(1)?,
            flow_version: row.get(2)?,
            verdict: row.get(3)?,
            records: row.get(4)?,
            reason: row.get(5)?,
            location: row.get(6)?,
            rule: row.get(7)?,
        })
    })?;
    decisions.collect()
}

/// The deliveries that the decisions gave, found by their ids.
fn read_deliveries(
    connection: &Connection,
    message: &MessageId,
    decisions: &[TrailDecision],
    digester: &Digester,
) -> rusqlite::Result<Vec<TrailDelivery>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, recipient, flow,
             CASE WHEN state = 1 THEN 'parked' WHEN head = 0 THEN 'behind'
                  WHEN attempt > 1 THEN 'retrying' ELSE 'waiting' END,
             attempt - 1, nullif(not_before, 0), reason
         FROM delivery WHERE id = ?1
         UNION ALL
         SELECT id, recipient, flow,
             CASE WHEN outcome IS NULL THEN 'delivered' WHEN outcome = 'dropped' THEN 'dropped'
                  ELSE 'withheld' END,
             attempts, at, nullif(outcome, 'dropped')
         FROM delivered WHERE id = ?1",
    )?;
    // The decisions of a flow are in the order of the patients whom the message is about.
    let mut subjects: BTreeMap<&str, u32> = BTreeMap::new();
    let mut deliveries = Vec::new();
    for decision in decisions {
        let subject = subjects.entry(&decision.flow).or_default();
        for index in 0..decision.records.unwrap_or(0) {
            let flow = FlowId::new(&decision.flow);
            let id = digester.delivery(message, &flow, *subject, index);
            let found = statement.query_row([id.as_bytes()], read_delivery);
            deliveries.extend(found.optional()?);
        }
        *subject += 1;
    }
    Ok(deliveries)
}

fn read_delivery(row: &Row<'_>) -> rusqlite::Result<TrailDelivery> {
    Ok(TrailDelivery {
        id: DeliveryId::from_bytes(row.get(0)?),
        recipient: row.get(1)?,
        flow: row.get(2)?,
        state: row.get(3)?,
        attempts: row.get(4)?,
        at: row
            .get::<_, Option<i64>>(5)?
            .map(Timestamp::from_unix_millis),
        reason: row.get(6)?,
    })
}
