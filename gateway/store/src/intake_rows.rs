//! The rows of accepted messages: writing one, and reading those that wait for their outcome.

use bytes::Bytes;
use isthmus_core::clock::Timestamp;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::{MessageId, SenderId, Sequence, SubjectKey};
use isthmus_core::intake::Accepted;
use isthmus_core::key_ring::{KeyClass, KeyError, KeyId, KeyOwner, KeyRing};
use isthmus_core::phi::Phi;
use rusqlite::blob::ZeroBlob;
use rusqlite::{Connection, MAIN_DB, OptionalExtension, Row, ToSql, params};

use crate::file_key_ring::FileKeyRing;
use crate::key_label::context;

/// Sealed bytes above this many are written into the row's pages; SQLite would make two copies of
/// them to write the row with them.
const IN_PLACE_FROM: usize = 256 << 10;

/// A message as it is stored: everything but the message itself is open.
#[derive(Debug)]
pub(crate) struct SealedIntake {
    pub(crate) id: MessageId,
    pub(crate) sender: SenderId,
    pub(crate) received_at: Timestamp,
    pub(crate) subject: Option<SubjectKey>,
    pub(crate) control: [u8; 16],
    pub(crate) key: KeyId,
    pub(crate) sealed: Vec<u8>,
    /// How often keys had been destroyed before the key was asked for.
    pub(crate) destructions: u64,
}

impl SealedIntake {
    /// Seals a message under its subject's key, or the sender's key of the day.
    pub(crate) fn seal(
        message: Envelope<RawMessage>,
        keys: &FileKeyRing,
    ) -> Result<Self, KeyError> {
        let owner = match message.subject {
            Some(subject) => KeyOwner::Subject(subject),
            None => KeyOwner::Sender(message.sender.clone()),
        };
        let destructions = keys.known_destructions();
        let key = keys.sealing_key(&owner, KeyClass::Raw, message.received_at)?;
        let bytes = message.body.bytes.reveal();
        let sealed = key.seal(&intake_context(&message.id), bytes)?;
        Ok(Self {
            id: message.id,
            sender: message.sender,
            received_at: message.received_at,
            subject: message.subject,
            control: message.body.control_id,
            key: key.id(),
            sealed,
            destructions,
        })
    }

    /// The message.
    pub(crate) fn open(self, keys: &dyn KeyRing) -> Result<Envelope<RawMessage>, KeyError> {
        let key = keys.opening_key(self.key)?;
        let bytes = key.open(&intake_context(&self.id), &self.sealed)?;
        Ok(Envelope {
            id: self.id,
            sender: self.sender,
            received_at: self.received_at,
            subject: self.subject,
            body: RawMessage {
                bytes: Phi::new(Bytes::from(bytes)),
                control_id: self.control,
            },
        })
    }
}

/// Binds the sealed bytes to their message.
fn intake_context(id: &MessageId) -> Vec<u8> {
    context(b"isthmus intake 1", &[id.as_bytes()])
}

/// Whether this very message was accepted before.
pub(crate) fn is_known(connection: &Connection, intake: &SealedIntake) -> rusqlite::Result<bool> {
    let mut known =
        connection.prepare_cached("SELECT 1 FROM intake WHERE control = ?1 AND message = ?2")?;
    known.exists(params![intake.control, intake.id.as_bytes()])
}

/// Writes a message, unless it is there already.
pub(crate) fn insert_intake(
    connection: &Connection,
    intake: &SealedIntake,
) -> rusqlite::Result<Accepted> {
    let of = params![intake.control, intake.id.as_bytes()];
    let mut first = connection
        .prepare_cached("SELECT sequence FROM intake WHERE control = ?1 AND message = ?2")?;
    let first = first.query_row(of, |row| row.get(0)).optional()?;
    let sequence: i64 = match first {
        Some(sequence) => sequence,
        None => insert_new(connection, intake)?,
    };
    let mut other = connection
        .prepare_cached("SELECT 1 FROM intake WHERE control = ?1 AND message <> ?2 LIMIT 1")?;
    Ok(Accepted {
        sequence: Sequence(sequence.cast_unsigned()),
        repeat: first.is_some(),
        control_id_reused: other.exists(of)?,
    })
}

fn insert_new(connection: &Connection, intake: &SealedIntake) -> rusqlite::Result<i64> {
    let zeros = ZeroBlob(intake.sealed.len() as u64);
    let zeros = (intake.sealed.len() > IN_PLACE_FROM).then_some(zeros);
    let sealed: &dyn ToSql = match &zeros {
        Some(zeros) => zeros,
        None => &intake.sealed,
    };
    let mut insert = connection.prepare_cached(
        "INSERT INTO intake(message, control, sender, received_at, subject, key, sealed)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let sequence = insert.insert(params![
        intake.id.as_bytes(),
        intake.control,
        intake.sender.as_str(),
        intake.received_at.unix_millis(),
        intake.subject.as_ref().map(SubjectKey::as_bytes),
        intake.key.0.cast_signed(),
        sealed,
    ])?;
    if zeros.is_some() {
        let mut place = connection.blob_open(MAIN_DB, "intake", "sealed", sequence, false)?;
        place.write_all_at(&intake.sealed, 0)?;
        place.close()?;
    }
    let mut open = connection.prepare_cached("INSERT INTO open_intake(sequence) VALUES(?1)")?;
    open.execute([sequence])?;
    Ok(sequence)
}

/// The first messages without an outcome that are not `in_work`, in order: up to `limit`, or fewer
/// when their bytes reach `bytes`; and whether they were cut short so.
pub(crate) fn read_open_intakes(
    connection: &Connection,
    limit: usize,
    bytes: usize,
    in_work: &[Sequence],
) -> rusqlite::Result<(Vec<(Sequence, SealedIntake)>, bool)> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, message, control, sender, received_at, subject, key, sealed
         FROM open_intake JOIN intake USING(sequence) ORDER BY sequence LIMIT ?1",
    )?;
    let rows = limit.saturating_add(in_work.len());
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let mut rows = statement.query([rows])?;
    let (mut page, mut size) = (Vec::new(), 0);
    while page.len() < limit
        && let Some(row) = rows.next()?
    {
        let sequence = Sequence(row.get::<_, i64>(0)?.cast_unsigned());
        if in_work.contains(&sequence) {
            continue;
        }
        let intake = read_intake(row)?;
        size += intake.1.sealed.len();
        page.push(intake);
        if size >= bytes {
            return Ok((page, true));
        }
    }
    Ok((page, false))
}

/// A message, with or without an outcome.
pub(crate) fn read_message(
    connection: &Connection,
    sequence: Sequence,
) -> rusqlite::Result<Option<SealedIntake>> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, message, control, sender, received_at, subject, key, sealed
         FROM intake WHERE sequence = ?1",
    )?;
    let found = statement.query_row([sequence.0.cast_signed()], read_intake);
    Ok(found.optional()?.map(|(_sequence, intake)| intake))
}

fn read_intake(row: &Row<'_>) -> rusqlite::Result<(Sequence, SealedIntake)> {
    let sequence = Sequence(row.get::<_, i64>(0)?.cast_unsigned());
    let intake = SealedIntake {
        id: MessageId::from_bytes(row.get(1)?),
        control: row.get(2)?,
        sender: SenderId::new(row.get_ref(3)?.as_str()?),
        received_at: Timestamp::from_unix_millis(row.get(4)?),
        subject: row
            .get::<_, Option<[u8; 16]>>(5)?
            .map(SubjectKey::from_bytes),
        key: KeyId(row.get::<_, i64>(6)?.cast_unsigned()),
        sealed: row.get(7)?,
        destructions: 0,
    };
    Ok((sequence, intake))
}

/// Takes a message off the list of those without an outcome; whether it was tried again.
pub(crate) fn close_intake(connection: &Connection, sequence: i64) -> rusqlite::Result<bool> {
    let mut close =
        connection.prepare_cached("DELETE FROM open_intake WHERE sequence = ?1 RETURNING again")?;
    let again = close.query_row([sequence], |row| row.get(0)).optional()?;
    Ok(again.unwrap_or(false))
}
