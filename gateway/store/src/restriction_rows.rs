//! The rows that hold data back: holds on patients, suppressed addresses, and the tombstones that
//! a withdrawn consent leaves in the queue; consents themselves are in `sqlite_consents`.

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::hold::Hold;
use isthmus_core::id::{FlowId, RecipientId, SubjectKey};
use rusqlite::{Connection, OptionalExtension, params};

/// Disposes of the payloads of a patient that are queued for these flows. The rows stay in their
/// places, due at once, so that the second decision settles each with its reason.
pub(crate) fn leave_tombstones(
    connection: &Connection,
    subject: &SubjectKey,
    flows: &[(RecipientId, FlowId)],
) -> rusqlite::Result<()> {
    let mut dispose = connection.prepare_cached(
        "UPDATE delivery SET sealed = x'', not_before = min(not_before, 1)
         WHERE recipient = ?1 AND subject = ?2 AND flow = ?3",
    )?;
    for (recipient, flow) in flows {
        dispose.execute(params![
            recipient.as_str(),
            subject.as_bytes(),
            flow.as_str()
        ])?;
    }
    Ok(())
}

/// Places a hold, or lifts it; what was parked for one goes on then.
pub(crate) fn set_hold(
    connection: &Connection,
    subject: &SubjectKey,
    hold: Option<Hold>,
    at: Timestamp,
) -> rusqlite::Result<()> {
    if let Some(hold) = hold {
        connection.execute(
            "INSERT OR REPLACE INTO hold VALUES(?1, ?2, ?3)",
            params![subject.as_bytes(), hold.code(), at.unix_millis()],
        )?;
        return Ok(());
    }
    connection.execute("DELETE FROM hold WHERE subject = ?1", [subject.as_bytes()])?;
    connection.execute(
        "UPDATE delivery SET state = 0, not_before = 1
         WHERE state = 1 AND subject = ?1 AND reason IN (?2, ?3)",
        params![
            subject.as_bytes(),
            Hold::Review.code(),
            Hold::Restriction.code()
        ],
    )?;
    Ok(())
}

/// The hold on a patient. One of a kind that is not known here holds like a restriction.
pub(crate) fn hold_of(
    connection: &Connection,
    subject: &SubjectKey,
) -> rusqlite::Result<Option<Hold>> {
    let mut find = connection.prepare_cached("SELECT kind FROM hold WHERE subject = ?1")?;
    let kind = find.query_row([subject.as_bytes()], |row| row.get::<_, String>(0));
    let hold = |kind: String| Hold::parse(&kind).unwrap_or(Hold::Restriction);
    Ok(kind.optional()?.map(hold))
}

/// Suppresses an address; false when it was.
pub(crate) fn suppress(
    connection: &Connection,
    address: &AddressDigest,
    at: Timestamp,
    source: &str,
) -> rusqlite::Result<bool> {
    let mut insert = connection
        .prepare_cached("INSERT INTO suppression VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
    let row = params![address.as_bytes(), at.unix_millis(), source];
    Ok(insert.execute(row)? == 1)
}

/// Whether one of these addresses is suppressed.
pub(crate) fn is_suppressed(
    connection: &Connection,
    addresses: &[AddressDigest],
) -> rusqlite::Result<bool> {
    let mut find = connection.prepare_cached("SELECT 1 FROM suppression WHERE address = ?1")?;
    for address in addresses {
        if find.exists([address.as_bytes()])? {
            return Ok(true);
        }
    }
    Ok(false)
}
