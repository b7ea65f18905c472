//! `KeyFile`, the wrapped keys on disk and how they are destroyed there; which key is used when,
//! `file_key_ring` decides.
//!
//! A destroyed key must leave no copy behind. A B-tree copies rows about when its pages split and
//! merge, and leaves what it copied in the unused part of a page. So the wrapped bytes stand in a
//! table that is only ever appended to, whose rows therefore never move; destroying one
//! overwrites it where it stands (same length, so SQLite writes over it), and then the log is
//! copied into the file and emptied.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use isthmus_core::key_ring::{KeyId, SealingKey};
use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use crate::database::{Schema, hold, open_reader, open_writer, within};
use crate::error::{StoreError, in_file};
use crate::key_label::{KeyLabel, context};
use crate::random::random;

const SCHEMA: Schema = Schema {
    version: 1,
    create: "
        CREATE TABLE ring(
            one INTEGER PRIMARY KEY CHECK(one = 1),
            store BLOB NOT NULL,
            digest_secret BLOB NOT NULL,
            runs INTEGER NOT NULL,
            destructions INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE slot(slot INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;
        CREATE TABLE label(
            id INTEGER PRIMARY KEY,
            slot INTEGER NOT NULL,
            owner BLOB NOT NULL,
            class TEXT NOT NULL,
            period TEXT NOT NULL
        ) STRICT;
        CREATE INDEX label_owner ON label(owner, class, period);",
    upgrades: &[],
};

/// What the digest secret is wrapped for.
const DIGEST_SECRET: &[u8] = b"isthmus digest secret 1";

/// Sixteen random bytes that stand in the key file and in the database made with it.
pub(crate) type StoreId = [u8; 16];

/// A key as it goes into the file.
#[derive(Debug, Clone)]
pub(crate) struct WrappedKey {
    pub(crate) id: KeyId,
    pub(crate) label: KeyLabel,
    pub(crate) wrapped: Vec<u8>,
}

/// The key file, open.
#[derive(Debug)]
pub(crate) struct KeyFile {
    path: PathBuf,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl KeyFile {
    /// Opens or makes the key file.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = open_writer(path, SCHEMA)?;
        let reader = open_reader(path)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
        })
    }

    /// The store this file belongs to and its digest secret; made together when the file is new.
    pub(crate) fn identity(
        &self,
        master: &SealingKey,
    ) -> Result<(StoreId, Zeroizing<[u8; 32]>), StoreError> {
        let mut fresh = Zeroizing::new([0; 32]);
        let store = random(fresh.as_mut()).and_then(|()| {
            let mut store = [0; 16];
            random(&mut store).map(|()| store)
        })?;
        let wrapped = master.seal(&context(DIGEST_SECRET, &[&store]), fresh.as_slice())?;
        let writer = self.hold_writer();
        let (store, wrapped) = within(&writer, |connection| {
            connection.execute(
                "INSERT INTO ring VALUES(1, ?1, ?2, 0, 0) ON CONFLICT DO NOTHING",
                params![store, wrapped],
            )?;
            let read = "SELECT store, digest_secret FROM ring";
            connection.query_row(read, (), |row| {
                Ok((row.get::<_, StoreId>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
        })
        .map_err(in_file(&self.path))?;
        let secret = unwrap_secret(master, &context(DIGEST_SECRET, &[&store]), &wrapped)
            .ok_or_else(|| StoreError::WrongMasterKey(self.path.clone()))?;
        Ok((store, secret))
    }

    /// Whether the file was ever given an identity.
    pub(crate) fn is_new(&self) -> Result<bool, StoreError> {
        let read = "SELECT NOT EXISTS(SELECT 1 FROM ring)";
        hold(&self.reader)
            .query_row(read, (), |row| row.get(0))
            .map_err(in_file(&self.path))
    }

    /// Whoever holds this is the only one in this process that changes the file.
    pub(crate) fn hold_writer(&self) -> MutexGuard<'_, Connection> {
        hold(&self.writer)
    }

    /// A number for this run of a process: keys are numbered by run, so that two processes never
    /// give the same number.
    pub(crate) fn start_run(&self) -> rusqlite::Result<u32> {
        within(&self.hold_writer(), |connection| {
            let next = "UPDATE ring SET runs = runs + 1 RETURNING runs";
            connection.query_row(next, (), |row| row.get(0))
        })
    }

    /// The oldest key with this label.
    pub(crate) fn find(&self, label: &KeyLabel) -> rusqlite::Result<Option<WrappedKey>> {
        let reader = hold(&self.reader);
        let mut statement = reader.prepare_cached(
            "SELECT id, wrapped FROM label JOIN slot USING(slot)
             WHERE owner = ?1 AND class = ?2 AND period = ?3 ORDER BY id LIMIT 1",
        )?;
        statement
            .query_row(params![label.owner, label.class, label.period], |row| {
                Ok(WrappedKey {
                    id: KeyId(row.get::<_, i64>(0)?.cast_unsigned()),
                    label: label.clone(),
                    wrapped: row.get(1)?,
                })
            })
            .optional()
    }

    /// The key with this number: its context and its wrapped bytes.
    pub(crate) fn read(&self, id: KeyId) -> rusqlite::Result<Option<(Vec<u8>, Vec<u8>)>> {
        let reader = hold(&self.reader);
        let mut statement = reader.prepare_cached(
            "SELECT owner, class, period, wrapped FROM label JOIN slot USING(slot) WHERE id = ?1",
        )?;
        statement
            .query_row([id.0.cast_signed()], |row| {
                let id = id.0.to_be_bytes();
                let (owner, class, period): (Vec<u8>, String, String) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                let parts: [&[u8]; 4] = [&id, &owner, class.as_bytes(), period.as_bytes()];
                Ok((context(b"isthmus wrapped key 1", &parts), row.get(3)?))
            })
            .optional()
    }

    /// Whether the key with this number is still there.
    pub(crate) fn contains(&self, id: KeyId) -> rusqlite::Result<bool> {
        let reader = hold(&self.reader);
        let mut statement = reader.prepare_cached("SELECT 1 FROM label WHERE id = ?1")?;
        statement.exists([id.0.cast_signed()])
    }

    /// How often keys were destroyed, in any process.
    pub(crate) fn destructions(&self) -> rusqlite::Result<u64> {
        let reader = hold(&self.reader);
        let mut statement = reader.prepare_cached("SELECT destructions FROM ring")?;
        statement.query_row((), |row| row.get::<_, i64>(0).map(i64::cast_unsigned))
    }

    /// The periods for which this owner has keys of this class, in order.
    pub(crate) fn periods(&self, owner: &[u8], class: &str) -> rusqlite::Result<Vec<String>> {
        let reader = hold(&self.reader);
        let mut statement = reader.prepare_cached(
            "SELECT DISTINCT period FROM label WHERE owner = ?1 AND class = ?2 ORDER BY period",
        )?;
        statement
            .query_map(params![owner, class], |row| row.get(0))?
            .collect()
    }
}

/// Writes keys and syncs them.
pub(crate) fn append(connection: &Connection, keys: &[WrappedKey]) -> rusqlite::Result<()> {
    within(connection, |connection| {
        let mut slot = connection.prepare_cached("INSERT INTO slot(wrapped) VALUES(?1)")?;
        let mut label =
            connection.prepare_cached("INSERT INTO label VALUES(?1, ?2, ?3, ?4, ?5)")?;
        for WrappedKey {
            id,
            label: of,
            wrapped,
        } in keys
        {
            let slot = slot.insert([wrapped])?;
            let id = id.0.cast_signed();
            label.execute(params![id, slot, of.owner, of.class, of.period])?;
        }
        Ok(())
    })
}

/// Overwrites all keys with this label, and gives how many they were and how often keys were
/// destroyed by now.
pub(crate) fn overwrite(
    connection: &Connection,
    label: &KeyLabel,
) -> rusqlite::Result<(usize, u64)> {
    let of = params![label.owner, label.class, label.period];
    within(connection, |connection| {
        connection.execute(
            "UPDATE slot SET wrapped = zeroblob(length(wrapped)) WHERE slot IN
             (SELECT slot FROM label WHERE owner = ?1 AND class = ?2 AND period = ?3)",
            of,
        )?;
        let count = connection.execute(
            "DELETE FROM label WHERE owner = ?1 AND class = ?2 AND period = ?3",
            of,
        )?;
        let next = "UPDATE ring SET destructions = destructions + 1 RETURNING destructions";
        let destructions = connection.query_row(next, (), |row| row.get::<_, i64>(0))?;
        Ok((count, destructions.cast_unsigned()))
    })
}

/// Copies the log into the file and empties it. False when another process reads the file for
/// longer than the busy timeout.
pub(crate) fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| {
        row.get::<_, bool>(0).map(|busy| !busy)
    })
}

/// The 32 bytes that were wrapped; None when the key or the context is another.
pub(crate) fn unwrap_secret(
    master: &SealingKey,
    context: &[u8],
    wrapped: &[u8],
) -> Option<Zeroizing<[u8; 32]>> {
    let plain = Zeroizing::new(master.open(context, wrapped).ok()?);
    let mut secret = Zeroizing::new([0; 32]);
    if plain.len() != secret.len() {
        return None;
    }
    secret.copy_from_slice(&plain);
    Some(secret)
}
