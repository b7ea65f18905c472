//! How attempts ended and what persons said of what is parked, written to the rows of deliveries
//! and outcomes; which deliveries are due is read in `delivery_rows`.

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::id::{DeliveryId, Sequence};
use isthmus_core::journal::{ParkedAction, ParkedItem, ParkedRuling, Settlement, Step};
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::refusal::Reason;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, params};

use crate::delivery_rows::address_bytes;
use crate::ledger_rows::insert_entries;

/// The outcome of a delivery that a person gave up.
const DROPPED: &str = "dropped";

/// Writes how an attempt ended, and what the ledger keeps of it. A delivery that is not there is
/// passed over, its ledger entries with it: it was settled before.
pub(crate) fn settle(connection: &Connection, settlement: &Settlement) -> rusqlite::Result<()> {
    let Settlement { id, at, step, .. } = settlement;
    let sequence = match step {
        Step::Delivered => dispose(connection, id, *at, None)?,
        Step::Withheld(code) => dispose(connection, id, *at, Some(code))?,
        Step::Retry { not_before, code } => sequence_of(
            connection.prepare_cached(
                "UPDATE delivery SET attempt = attempt + 1, not_before = max(1, ?2), reason = ?3
                 WHERE id = ?1 AND state = 0 RETURNING sequence",
            )?,
            params![id.as_bytes(), not_before.unix_millis(), code],
        )?,
        Step::Park(reason) => park(connection, id, *reason)?,
        Step::Rebuilt { sealed, addresses } => replace(connection, id, sealed, addresses)?,
    };
    match sequence {
        Some(_) => insert_entries(connection, sequence, &settlement.entries),
        None => Ok(()),
    }
}

/// Parks a delivery. One that waits for a hold to be lifted does not when it was lifted meanwhile:
/// it stays due then.
fn park(connection: &Connection, id: &DeliveryId, reason: Reason) -> rusqlite::Result<Option<i64>> {
    let waits_for_hold = matches!(reason, Reason::Review | Reason::Restriction);
    let (code, after_attempt) = (reason.code(), reason.follows_an_attempt());
    sequence_of(
        connection.prepare_cached(
            "UPDATE delivery SET state = 1, reason = ?2, attempt = attempt + ?3
             WHERE id = ?1 AND state = 0
               AND (NOT ?4 OR EXISTS(SELECT 1 FROM hold WHERE hold.subject = delivery.subject))
             RETURNING sequence",
        )?,
        params![id.as_bytes(), code, after_attempt, waits_for_hold],
    )
}

/// Does what a person said; false, and nothing is done, when the item is not parked.
pub(crate) fn rule(connection: &Connection, ruling: &ParkedRuling) -> rusqlite::Result<bool> {
    let sequence = match (&ruling.item, ruling.action) {
        (ParkedItem::Delivery(id), ParkedAction::Retry) => sequence_of(
            connection.prepare_cached(
                "UPDATE delivery SET state = 0, not_before = 1 WHERE id = ?1 AND state = 1
                 RETURNING sequence",
            )?,
            [id.as_bytes()],
        )?,
        (ParkedItem::Delivery(id), ParkedAction::Drop) => {
            let mut parked =
                connection.prepare_cached("SELECT 1 FROM delivery WHERE id = ?1 AND state = 1")?;
            if !parked.exists([id.as_bytes()])? {
                return Ok(false);
            }
            dispose(connection, id, ruling.at, Some(DROPPED))?
        }
        (ParkedItem::Message(sequence), action) => rule_message(connection, *sequence, action)?,
    };
    let entries = std::slice::from_ref(&ruling.entry);
    if sequence.is_some() {
        insert_entries(connection, sequence, entries)?;
    }
    Ok(sequence.is_some())
}

/// Opens a message again, or gives up what of it is parked.
fn rule_message(
    connection: &Connection,
    sequence: Sequence,
    action: ParkedAction,
) -> rusqlite::Result<Option<i64>> {
    let sequence = sequence.0.cast_signed();
    let mut parked = connection.prepare_cached(
        "SELECT 1 FROM outcome JOIN intake USING(sequence) WHERE sequence = ?1 AND (
             kind = 'parked' OR EXISTS(
                 SELECT 1 FROM decision WHERE sequence = ?1 AND verdict = 'parked'))",
    )?;
    if !parked.exists([sequence])? {
        return Ok(None);
    }
    let statements: &[&str] = match action {
        ParkedAction::Retry => &[
            "DELETE FROM outcome WHERE sequence = ?1",
            "DELETE FROM decision WHERE sequence = ?1",
            "INSERT OR REPLACE INTO open_intake VALUES(?1, 1)",
        ],
        ParkedAction::Drop => &[
            "UPDATE outcome SET kind = 'dropped' WHERE sequence = ?1 AND kind = 'parked'",
            "UPDATE decision SET verdict = 'dropped' WHERE sequence = ?1 AND verdict = 'parked'",
        ],
    };
    for statement in statements {
        connection.prepare_cached(statement)?.execute([sequence])?;
    }
    Ok(Some(sequence))
}

/// Disposes of the payload, notes why when it was not delivered, and lets the patient's next one
/// go. Gives the message's place, None when the delivery was not there.
fn dispose(
    connection: &Connection,
    id: &DeliveryId,
    at: Timestamp,
    outcome: Option<&str>,
) -> rusqlite::Result<Option<i64>> {
    let mut take = connection.prepare_cached(
        "DELETE FROM delivery WHERE id = ?1
         RETURNING sequence, recipient, flow, subject, attempt, head",
    )?;
    let taken = take.query_row([id.as_bytes()], |row| {
        let head: bool = row.get(5)?;
        let columns: [Value; 4] = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        Ok((row.get::<_, i64>(0)?, columns, head))
    });
    let Some((sequence, [recipient, flow, subject, attempts], head)) = taken.optional()? else {
        return Ok(None);
    };
    if head {
        let mut promote = connection.prepare_cached(
            "UPDATE delivery SET head = 1 WHERE row = (SELECT row FROM delivery
             WHERE recipient = ?1 AND subject = ?2 ORDER BY row LIMIT 1)",
        )?;
        promote.execute([&recipient, &subject])?;
    }
    let mut note = connection.prepare_cached(
        "INSERT OR REPLACE INTO delivered VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let at = at.unix_millis();
    note.execute(params![
        id.as_bytes(),
        sequence,
        recipient,
        flow,
        subject,
        at,
        attempts,
        outcome
    ])?;
    Ok(Some(sequence))
}

/// Puts what was sealed anew in the place of what was stale; the row keeps its place and id.
fn replace(
    connection: &Connection,
    id: &DeliveryId,
    sealed: &SealedDisclosure,
    addresses: &[AddressDigest],
) -> rusqlite::Result<Option<i64>> {
    let grant = sealed.grant();
    sequence_of(
        connection.prepare_cached(
            "UPDATE delivery SET flow_version = ?2, record = ?3, purpose = ?4, policy_hash = ?5,
                 consent_version = ?6, key = ?7, sealed = ?8, addresses = ?9
             WHERE id = ?1 AND state = 0 RETURNING sequence",
        )?,
        params![
            id.as_bytes(),
            grant.flow_version,
            grant.record,
            grant.purpose,
            grant.policy_hash,
            grant.consent_version.map(u64::cast_signed),
            sealed.key().0.cast_signed(),
            sealed.bytes(),
            address_bytes(addresses),
        ],
    )
}

/// Runs a statement that changes one row at most and returns its message's place.
fn sequence_of(
    mut statement: CachedStatement<'_>,
    of: impl Params,
) -> rusqlite::Result<Option<i64>> {
    statement.query_row(of, |row| row.get(0)).optional()
}
