//! The rows of deliveries: writing them and reading those that are due; settling them is done in
//! `settlement_rows`, and who is working on which is known to `embedded_queue` alone.

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::Delivery;
use isthmus_core::id::{DeliveryId, FlowId, RecipientId, Sequence, SubjectKey};
use isthmus_core::journal::NewDelivery;
use isthmus_core::key_ring::KeyId;
use isthmus_core::privacy::disclosure::Grant;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

/// What a row is read from, in the order of [`read_delivery`].
macro_rules! select_delivery {
    ($rest:literal) => {
        concat!(
            "SELECT row, id, subject, created_at, attempt, flow, flow_version, purpose, ",
            "policy_hash, consent_version, key, sealed, state, not_before, record, sequence, ",
            "addresses, urgent FROM delivery ",
            $rest
        )
    };
}

/// A delivery as it stands in its row.
#[derive(Debug)]
pub(crate) struct StoredDelivery {
    /// Its place: deliveries of one patient to one recipient go out in this order.
    pub(crate) row: i64,
    /// Not parked, and not to be tried later than the time it was read for.
    pub(crate) due: bool,
    /// The delivery; `recovered` is not known here.
    pub(crate) delivery: Delivery,
}

/// Writes a delivery behind the others of its patient. False: it is there already, and not written
/// twice.
pub(crate) fn insert_delivery(
    connection: &Connection,
    sequence: i64,
    at: Timestamp,
    delivery: &NewDelivery,
) -> rusqlite::Result<bool> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO delivery(id, sequence, recipient, subject, created_at, head, state, attempt,
             not_before, flow, flow_version, record, purpose, policy_hash, consent_version,
             addresses, urgent, key, sealed)
         VALUES(?1, ?2, ?3, ?4, ?5,
             NOT EXISTS(SELECT 1 FROM delivery WHERE recipient = ?3 AND subject = ?4),
             0, 1, 0, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
         ON CONFLICT(id) DO NOTHING",
    )?;
    let grant = delivery.sealed.grant();
    let written = insert.execute(params![
        delivery.id.as_bytes(),
        sequence,
        grant.recipient.as_str(),
        delivery.subject.as_bytes(),
        at.unix_millis(),
        grant.flow.as_str(),
        grant.flow_version,
        grant.record,
        grant.purpose,
        grant.policy_hash,
        grant.consent_version.map(u64::cast_signed),
        address_bytes(&delivery.addresses),
        delivery.urgent,
        delivery.sealed.key().0.cast_signed(),
        delivery.sealed.bytes(),
    ])?;
    Ok(written == 1)
}

/// Whether a delivery was made, withheld or dropped.
pub(crate) fn was_settled(connection: &Connection, id: &DeliveryId) -> rusqlite::Result<bool> {
    let mut find = connection.prepare_cached("SELECT 1 FROM delivered WHERE id = ?1")?;
    find.exists([id.as_bytes()])
}

/// The first deliveries of patients that were never tried, oldest first.
pub(crate) fn fresh_heads<'a>(
    connection: &'a Connection,
    recipient: &RecipientId,
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut statement = connection.prepare_cached(select_delivery!(
        "WHERE recipient = ?1 AND head = 1 AND state = 0 AND not_before = 0 ORDER BY row"
    ))?;
    statement.raw_bind_parameter(1, recipient.as_str())?;
    Ok(statement)
}

/// The first deliveries of patients that go before all others, oldest first.
pub(crate) fn urgent_heads<'a>(
    connection: &'a Connection,
    recipient: &RecipientId,
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut statement = connection.prepare_cached(select_delivery!(
        "WHERE recipient = ?1 AND head = 1 AND state = 0 AND urgent = 1 ORDER BY row"
    ))?;
    statement.raw_bind_parameter(1, recipient.as_str())?;
    Ok(statement)
}

/// The first deliveries of patients whose time to try again has come, longest due first.
pub(crate) fn retried_heads<'a>(
    connection: &'a Connection,
    recipient: &RecipientId,
    now: Timestamp,
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut statement = connection.prepare_cached(select_delivery!(
        "WHERE recipient = ?1 AND head = 1 AND state = 0
         AND not_before BETWEEN 1 AND ?2 ORDER BY not_before, row"
    ))?;
    statement.raw_bind_parameter(1, recipient.as_str())?;
    statement.raw_bind_parameter(2, now.unix_millis())?;
    Ok(statement)
}

/// The first deliveries of patients whose time to try again lies beyond a time, nearest first.
pub(crate) fn heads_beyond<'a>(
    connection: &'a Connection,
    recipient: &RecipientId,
    beyond: Timestamp,
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut statement = connection.prepare_cached(select_delivery!(
        "WHERE recipient = ?1 AND head = 1 AND state = 0 AND not_before > ?2
         ORDER BY not_before, row"
    ))?;
    statement.raw_bind_parameter(1, recipient.as_str())?;
    statement.raw_bind_parameter(2, beyond.unix_millis())?;
    Ok(statement)
}

/// What waits behind a row of the same patient, in order.
pub(crate) fn successors<'a>(
    connection: &'a Connection,
    recipient: &RecipientId,
    subject: &SubjectKey,
    row: i64,
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut statement = connection.prepare_cached(select_delivery!(
        "WHERE recipient = ?1 AND subject = ?2 AND row > ?3 ORDER BY row"
    ))?;
    statement.raw_bind_parameter(1, recipient.as_str())?;
    statement.raw_bind_parameter(2, subject.as_bytes())?;
    statement.raw_bind_parameter(3, row)?;
    Ok(statement)
}

/// Goes through the rows of one of the statements above, until `each` says enough.
pub(crate) fn each_delivery(
    mut statement: CachedStatement<'_>,
    recipient: &RecipientId,
    now: Timestamp,
    mut each: impl FnMut(StoredDelivery) -> Reading,
) -> rusqlite::Result<Reading> {
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if let Reading::Enough = each(read_delivery(row, recipient, now)?) {
            return Ok(Reading::Enough);
        }
    }
    Ok(Reading::On)
}

/// Whether rows shall be read on, or were read to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Read on; as a result, there were no more rows.
    On,
    /// Stop; as a result, there may be more rows.
    Enough,
}

/// When the next retry is due after a time.
pub(crate) fn next_due(
    connection: &Connection,
    recipient: &RecipientId,
    now: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    let mut statement = connection.prepare_cached(
        "SELECT not_before FROM delivery WHERE recipient = ?1 AND head = 1 AND state = 0
         AND not_before > ?2 ORDER BY not_before LIMIT 1",
    )?;
    let row = params![recipient.as_str(), now.unix_millis()];
    let due = statement.query_row(row, |row| row.get(0)).optional()?;
    Ok(due.map(Timestamp::from_unix_millis))
}

/// The newest row that was ever written.
pub(crate) fn last_row(connection: &Connection) -> rusqlite::Result<i64> {
    let read = "SELECT seq FROM sqlite_sequence WHERE name = 'delivery'";
    let last = connection
        .query_row(read, (), |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0))
}

/// Digests one behind the other, as they are kept.
pub(crate) fn address_bytes(addresses: &[AddressDigest]) -> Vec<u8> {
    let bytes = addresses.iter().map(|one| one.as_bytes().as_slice());
    bytes.collect::<Vec<_>>().concat()
}

fn addresses_of(bytes: &[u8]) -> Vec<AddressDigest> {
    let (digests, _rest) = bytes.as_chunks::<16>();
    let digests = digests.iter().copied();
    digests.map(AddressDigest::from_bytes).collect()
}

fn read_delivery(
    row: &Row<'_>,
    recipient: &RecipientId,
    now: Timestamp,
) -> rusqlite::Result<StoredDelivery> {
    let grant = Grant {
        recipient: recipient.clone(),
        flow: FlowId::new(row.get_ref(5)?.as_str()?),
        flow_version: row.get(6)?,
        record: row.get(14)?,
        purpose: row.get(7)?,
        policy_hash: row.get(8)?,
        consent_version: row.get::<_, Option<i64>>(9)?.map(i64::cast_unsigned),
    };
    let key = KeyId(row.get::<_, i64>(10)?.cast_unsigned());
    Ok(StoredDelivery {
        row: row.get(0)?,
        due: row.get::<_, i64>(12)? == 0 && row.get::<_, i64>(13)? <= now.unix_millis(),
        delivery: Delivery {
            id: DeliveryId::from_bytes(row.get(1)?),
            subject: SubjectKey::from_bytes(row.get(2)?),
            sequence: Sequence(row.get::<_, i64>(15)?.cast_unsigned()),
            addresses: addresses_of(row.get_ref(16)?.as_blob()?),
            created_at: Timestamp::from_unix_millis(row.get(3)?),
            attempt: row.get(4)?,
            recovered: false,
            urgent: row.get(17)?,
            sealed: SealedDisclosure::from_stored(grant, key, row.get(11)?),
        },
    })
}
