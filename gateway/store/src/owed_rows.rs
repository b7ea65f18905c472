//! The rows of application acknowledgements that senders have not heard yet: sealing one, writing
//! it with the outcome that it tells of, and striking it.

use isthmus_core::application_answer::{AnswerPlace, ApplicationAnswer};
use isthmus_core::clock::Timestamp;
use isthmus_core::id::{MessageId, SenderId};
use isthmus_core::key_ring::{KeyClass, KeyError, KeyId, KeyOwner, KeyRing};
use isthmus_core::phi::Phi;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::file_key_ring::FileKeyRing;
use crate::key_label::context;

/// An answer as it is stored.
#[derive(Debug)]
pub(crate) struct SealedAnswer {
    pub(crate) sender: SenderId,
    pub(crate) message: MessageId,
    pub(crate) control_id: String,
    pub(crate) accept: bool,
    pub(crate) at: Timestamp,
    pub(crate) key: KeyId,
    pub(crate) sealed: Vec<u8>,
    /// How often keys had been destroyed before the key was asked for.
    pub(crate) destructions: u64,
}

impl SealedAnswer {
    /// Seals an answer under its sender's key of the day: it echoes the header, which is nobody
    /// else's, and says nothing of the patient.
    pub(crate) fn seal(
        answer: ApplicationAnswer,
        at: Timestamp,
        keys: &FileKeyRing,
    ) -> Result<Self, KeyError> {
        let ApplicationAnswer {
            sender,
            message,
            control_id,
            accept,
            bytes,
        } = answer;
        let destructions = keys.known_destructions();
        let owner = KeyOwner::Sender(sender.clone());
        let key = keys.sealing_key(&owner, KeyClass::Raw, at)?;
        let sealed = key.seal(&answer_context(&message, &control_id), bytes.reveal())?;
        Ok(Self {
            sender,
            message,
            control_id,
            accept,
            at,
            key: key.id(),
            sealed,
            destructions,
        })
    }
}

/// A row that was read.
#[derive(Debug)]
pub(crate) struct OwedRow {
    pub(crate) place: AnswerPlace,
    pub(crate) message: MessageId,
    pub(crate) control_id: String,
    pub(crate) accept: bool,
    pub(crate) since: Timestamp,
    key: KeyId,
    sealed: Vec<u8>,
}

impl OwedRow {
    /// The answer.
    pub(crate) fn open(&self, keys: &dyn KeyRing) -> Result<Phi<Vec<u8>>, KeyError> {
        let key = keys.opening_key(self.key)?;
        let context = answer_context(&self.message, &self.control_id);
        key.open(&context, &self.sealed).map(Phi::new)
    }
}

/// Binds the sealed bytes to their message and to the id by which they are acknowledged.
fn answer_context(message: &MessageId, control_id: &str) -> Vec<u8> {
    let parts = [message.as_bytes().as_slice(), control_id.as_bytes()];
    context(b"isthmus application acknowledgement 1", &parts)
}

/// Writes an answer.
pub(crate) fn insert_owed(
    connection: &Connection,
    sequence: i64,
    answer: &SealedAnswer,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO owed_acknowledgement(
             sequence, message, sender, control, accept, at, key, sealed)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert.execute(params![
        sequence,
        answer.message.as_bytes(),
        answer.sender.as_str(),
        answer.control_id,
        answer.accept,
        answer.at.unix_millis(),
        answer.key.0.cast_signed(),
        answer.sealed,
    ])?;
    Ok(())
}

/// Strikes an answer that is owed no longer; one that is not there is passed over.
pub(crate) fn strike(connection: &Connection, place: AnswerPlace) -> rusqlite::Result<()> {
    let mut strike =
        connection.prepare_cached("DELETE FROM owed_acknowledgement WHERE row = ?1")?;
    strike.execute([place.0.cast_signed()])?;
    Ok(())
}

/// The senders that are owed something: one step through the index for each.
pub(crate) fn owed_senders(connection: &Connection) -> rusqlite::Result<Vec<SenderId>> {
    let mut next = connection.prepare_cached(
        "SELECT sender FROM owed_acknowledgement WHERE sender > ?1 ORDER BY sender LIMIT 1",
    )?;
    let mut senders = Vec::new();
    let mut last = String::new();
    while let Some(sender) = next
        .query_row([&last], |row| row.get::<_, String>(0))
        .optional()?
    {
        senders.push(SenderId::new(&sender));
        last = sender;
    }
    Ok(senders)
}

/// What a sender is owed behind a place, in order.
pub(crate) fn read_owed(
    connection: &Connection,
    sender: &SenderId,
    after: AnswerPlace,
    limit: usize,
) -> rusqlite::Result<Vec<OwedRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT row, message, control, accept, at, key, sealed FROM owed_acknowledgement
         WHERE sender = ?1 AND row > ?2 ORDER BY row LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let of = params![sender.as_str(), after.0.cast_signed(), limit];
    let rows = statement.query_map(of, read_row)?;
    rows.collect()
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<OwedRow> {
    Ok(OwedRow {
        place: AnswerPlace(row.get::<_, i64>(0)?.cast_unsigned()),
        message: MessageId::from_bytes(row.get(1)?),
        control_id: row.get(2)?,
        accept: row.get(3)?,
        since: Timestamp::from_unix_millis(row.get(4)?),
        key: KeyId(row.get::<_, i64>(5)?.cast_unsigned()),
        sealed: row.get(6)?,
    })
}
