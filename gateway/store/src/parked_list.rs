//! `Parked`, what waits for a person and why; ruling on it is done in `settlement_rows`.

use isthmus_core::clock::Timestamp;
use isthmus_core::id::{DeliveryId, Sequence};
use rusqlite::{Connection, params};

/// What of a message waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The message, by its place in the journal.
    pub sequence: Sequence,
    /// Who sent it; None when the message itself is gone.
    pub sender: Option<String>,
    /// When it was parked; a delivery, when it was committed.
    pub at: Timestamp,
    /// Which recipient's part of it; None for the whole message.
    pub recipient: Option<String>,
    /// The delivery, when it was sealed for the recipient.
    pub delivery: Option<DeliveryId>,
    /// Attempts that were made.
    pub attempts: u32,
    /// Deliveries of the same patient to the same recipient that wait behind it.
    pub behind: u32,
    /// Why.
    pub reason: String,
    /// Where in the message.
    pub location: Option<String>,
    /// Which rule.
    pub rule: Option<String>,
}

/// What waits for a person, in the order of the journal, after a place in it. Ends with a whole
/// message.
pub(crate) fn list_parked(
    connection: &Connection,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Parked>> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, sender, at, recipient, parked.reason, location, rule, id, attempts, behind
         FROM (
             SELECT sequence, at, NULL AS recipient, reason, location, rule, NULL AS id,
                 0 AS attempts, 0 AS behind
             FROM outcome WHERE kind = 'parked' AND sequence > ?1
             UNION ALL
             SELECT sequence, outcome.at, recipient, decision.reason, decision.location,
                 decision.rule, NULL, 0, 0
             FROM decision JOIN outcome USING(sequence)
             WHERE verdict = 'parked' AND sequence > ?1
             UNION ALL
             SELECT sequence, created_at, recipient, reason, NULL, NULL, id, attempt - 1,
                 (SELECT count(*) FROM delivery AS other WHERE other.recipient = delivery.recipient
                  AND other.subject = delivery.subject AND other.row > delivery.row)
             FROM delivery WHERE state = 1 AND sequence > ?1
         ) AS parked LEFT JOIN intake USING(sequence) ORDER BY sequence, recipient, id",
    )?;
    let mut rows = statement.query(params![after])?;
    let mut list: Vec<Parked> = Vec::new();
    while let Some(row) = rows.next()? {
        let id: Option<[u8; 16]> = row.get(7)?;
        let parked = Parked {
            sequence: Sequence(row.get::<_, i64>(0)?.cast_unsigned()),
            sender: row.get(1)?,
            at: Timestamp::from_unix_millis(row.get(2)?),
            recipient: row.get(3)?,
            reason: row.get(4)?,
            location: row.get(5)?,
            rule: row.get(6)?,
            delivery: id.map(DeliveryId::from_bytes),
            attempts: row.get(8)?,
            behind: row.get(9)?,
        };
        let goes_on = list
            .last()
            .is_some_and(|last| last.sequence == parked.sequence);
        if list.len() >= limit && !goes_on {
            break;
        }
        list.push(parked);
    }
    Ok(list)
}

/// Whether a later message of the patient gave deliveries.
pub(crate) fn was_overtaken(connection: &Connection, sequence: Sequence) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS(SELECT 1 FROM intake JOIN delivered USING(subject)
             WHERE intake.sequence = ?1 AND delivered.sequence > ?1)
         OR EXISTS(SELECT 1 FROM intake JOIN delivery USING(subject)
             WHERE intake.sequence = ?1 AND delivery.sequence > ?1)",
        [sequence.0.cast_signed()],
        |row| row.get(0),
    )
}
