//! The rows of links: the last sequence number of each sender that numbers its messages, compared
//! and kept in the transaction of the message; what the numbers mean is told in
//! `isthmus_core::link`.

use isthmus_core::id::SenderId;
use isthmus_core::intake::Numbered;
use isthmus_core::link::{Expected, LinkOrder, LinkState};
use rusqlite::{Connection, OptionalExtension, params};

use crate::intake_rows::{SealedIntake, insert_intake, is_known};

/// Writes a message with its number, when it has the one that is expected, or is known. The one
/// thread that commits does this for all connections, so no two can take one number.
pub(crate) fn insert_numbered(
    connection: &Connection,
    intake: &SealedIntake,
    number: u64,
) -> rusqlite::Result<Numbered> {
    let expected = expected(connection, &intake.sender)?;
    let is_next = expected == Expected::Any || expected == Expected::Number(number);
    if !is_next && !is_known(connection, intake)? {
        return Ok(Numbered::NotExpected(expected));
    }
    let accepted = insert_intake(connection, intake)?;
    if is_next {
        let mut keep = connection.prepare_cached(
            "INSERT INTO link(sender, last) VALUES(?1, ?2)
             ON CONFLICT(sender) DO UPDATE SET last = excluded.last",
        )?;
        keep.execute(params![intake.sender.as_str(), number.cast_signed()])?;
    }
    Ok(Numbered::Accepted(accepted))
}

/// Carries out an order on a link.
pub(crate) fn order_link(
    connection: &Connection,
    sender: &SenderId,
    order: LinkOrder,
) -> rusqlite::Result<LinkState> {
    if order == LinkOrder::Resynchronise {
        let mut forget = connection.prepare_cached("DELETE FROM link WHERE sender = ?1")?;
        forget.execute([sender.as_str()])?;
    }
    let expected = expected(connection, sender)?;
    Ok(LinkState { expected })
}

fn expected(connection: &Connection, sender: &SenderId) -> rusqlite::Result<Expected> {
    let mut last = connection.prepare_cached("SELECT last FROM link WHERE sender = ?1")?;
    let last: Option<i64> = last
        .query_row([sender.as_str()], |row| row.get(0))
        .optional()?;
    Ok(last.map_or(Expected::Any, |last| {
        Expected::Number(last.cast_unsigned().saturating_add(1))
    }))
}
