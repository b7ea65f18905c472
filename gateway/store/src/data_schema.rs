//! The tables of `isthmus.db`, and which store the file belongs to; the rows are written and read
//! in the files named for them.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use crate::database::{Schema, open_writer};
use crate::error::{StoreError, in_file};
use crate::key_file::StoreId;

/// `intake`: a message as it came, sealed. A row stays as long as the retention of raw messages
/// keeps it, and so long a repeat of the message is known as one; a sequence is never given twice.
/// Digests spread over an index, so every message writes a page of each: one index serves both
/// questions, whether the message is known and whether its control id is.
/// `open_intake`: those without an outcome, so that a start needs not read the others. `again` is 1
/// when a person had it tried again: some of what it gives may have been delivered.
/// `owed_acknowledgement`: an application acknowledgement that its sender has not heard yet, in
/// order of `row`; `control` is its own id, `accept` 1 when the sender's accept acknowledgement
/// strikes it, and `sealed` the answer, finished.
/// `link`: the number of the last message of a sender that numbers its messages; no row while the
/// next number may be any.
/// `outcome`, `decision`: what became of a message, and what the gate said for each flow.
/// `delivery`: what is to be delivered, in order of `row`. `head` marks the first of a patient
/// for a recipient: only heads are drawn, so `delivery_due` lists what can be drawn and nothing
/// that waits behind another. `state`: 0 waits, 1 parked. `not_before` is 0 until a retry, and 1
/// where a person or a patient made it due at once. `reason` tells why the last attempt failed or
/// why it is parked. `urgent` rows are drawn before all others. `sealed` is empty when its patient
/// took back their consent: nothing is left to send, and the row keeps its place until it is
/// settled.
/// `delivered`: what is done with; the payload is gone. `outcome` is NULL when the recipient has
/// it, else the reason code for which it was withheld before it was sent, or `dropped`.
/// `consent`: what a patient said, one row a word. `hold`: about whom nothing leaves for now.
/// `suppression`: digests of addresses to which no marketing goes.
/// `ledger`: what was decided and attempted, one line an entry; `leaf` is its hash in the tree.
/// `sequence` serves the look-up alone and is not part of what is hashed. `checkpoint`: signed
/// statements of what the ledger was.
/// Times are milliseconds since 1970.
const SCHEMA: Schema = Schema {
    version: 4,
    create: "
        CREATE TABLE store(one INTEGER PRIMARY KEY CHECK(one = 1), id BLOB NOT NULL) STRICT;
        CREATE TABLE intake(
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            message BLOB NOT NULL,
            control BLOB NOT NULL,
            sender TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            subject BLOB,
            key INTEGER NOT NULL,
            sealed BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX intake_message ON intake(control, message);
        CREATE TABLE open_intake(
            sequence INTEGER PRIMARY KEY,
            again INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE link(
            sender TEXT PRIMARY KEY,
            last INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE owed_acknowledgement(
            row INTEGER PRIMARY KEY AUTOINCREMENT,
            sequence INTEGER NOT NULL,
            message BLOB NOT NULL,
            sender TEXT NOT NULL,
            control TEXT NOT NULL,
            accept INTEGER NOT NULL,
            at INTEGER NOT NULL,
            key INTEGER NOT NULL,
            sealed BLOB NOT NULL
        ) STRICT;
        CREATE INDEX owed_acknowledgement_sender ON owed_acknowledgement(sender, row);
        CREATE TABLE outcome(
            sequence INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            map TEXT,
            warnings INTEGER,
            reason TEXT,
            location TEXT,
            rule TEXT
        ) STRICT;
        CREATE INDEX outcome_parked ON outcome(sequence) WHERE kind = 'parked';
        CREATE TABLE decision(
            sequence INTEGER NOT NULL,
            position INTEGER NOT NULL,
            recipient TEXT NOT NULL,
            flow TEXT NOT NULL,
            flow_version INTEGER NOT NULL,
            verdict TEXT NOT NULL,
            records INTEGER,
            reason TEXT,
            location TEXT,
            rule TEXT,
            PRIMARY KEY(sequence, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX decision_parked ON decision(sequence) WHERE verdict = 'parked';
        CREATE TABLE delivery(
            row INTEGER PRIMARY KEY AUTOINCREMENT,
            id BLOB NOT NULL UNIQUE,
            sequence INTEGER NOT NULL,
            recipient TEXT NOT NULL,
            subject BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            head INTEGER NOT NULL,
            state INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            not_before INTEGER NOT NULL,
            reason TEXT,
            flow TEXT NOT NULL,
            flow_version INTEGER NOT NULL,
            record TEXT NOT NULL,
            purpose TEXT NOT NULL,
            policy_hash BLOB NOT NULL,
            consent_version INTEGER,
            addresses BLOB NOT NULL,
            urgent INTEGER NOT NULL,
            key INTEGER NOT NULL,
            sealed BLOB NOT NULL
        ) STRICT;
        CREATE INDEX delivery_urgent ON delivery(recipient, row)
            WHERE head = 1 AND state = 0 AND urgent = 1;
        CREATE INDEX delivery_lane ON delivery(recipient, subject, row);
        CREATE INDEX delivery_due ON delivery(recipient, not_before, row)
            WHERE head = 1 AND state = 0;
        CREATE INDEX delivery_parked ON delivery(sequence) WHERE state = 1;
        CREATE TABLE delivered(
            id BLOB PRIMARY KEY,
            sequence INTEGER NOT NULL,
            recipient TEXT NOT NULL,
            flow TEXT NOT NULL,
            subject BLOB NOT NULL,
            at INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            outcome TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE consent(
            subject BLOB NOT NULL,
            category TEXT NOT NULL,
            version INTEGER NOT NULL,
            recorded_at INTEGER NOT NULL,
            key INTEGER NOT NULL,
            sealed BLOB NOT NULL,
            PRIMARY KEY(subject, category, version)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE hold(
            subject BLOB PRIMARY KEY,
            kind TEXT NOT NULL,
            at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE suppression(
            address BLOB PRIMARY KEY,
            at INTEGER NOT NULL,
            source TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE ledger(
            entry INTEGER PRIMARY KEY,
            sequence INTEGER,
            leaf BLOB NOT NULL,
            line TEXT NOT NULL
        ) STRICT;
        CREATE INDEX ledger_message ON ledger(sequence) WHERE sequence IS NOT NULL;
        CREATE TABLE checkpoint(
            size INTEGER PRIMARY KEY,
            root BLOB NOT NULL,
            note TEXT NOT NULL
        ) STRICT;",
    upgrades: &[
        (
            2,
            "ALTER TABLE delivery ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
            CREATE INDEX delivery_urgent ON delivery(recipient, row)
                WHERE head = 1 AND state = 0 AND urgent = 1;
            CREATE TABLE link(
                sender TEXT PRIMARY KEY,
                last INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;",
        ),
        (
            3,
            "CREATE TABLE owed_acknowledgement(
                row INTEGER PRIMARY KEY AUTOINCREMENT,
                sequence INTEGER NOT NULL,
                message BLOB NOT NULL,
                sender TEXT NOT NULL,
                control TEXT NOT NULL,
                accept INTEGER NOT NULL,
                at INTEGER NOT NULL,
                key INTEGER NOT NULL,
                sealed BLOB NOT NULL
            ) STRICT;
            CREATE INDEX owed_acknowledgement_sender ON owed_acknowledgement(sender, row);",
        ),
    ],
};

/// Opens `isthmus.db` for writing.
pub(crate) fn open_database(path: &Path) -> Result<Connection, StoreError> {
    open_writer(path, SCHEMA)
}

/// The store that the database belongs to; None while it is new.
pub(crate) fn store_id(
    connection: &Connection,
    path: &Path,
) -> Result<Option<StoreId>, StoreError> {
    connection
        .query_row("SELECT id FROM store", (), |row| row.get(0))
        .optional()
        .map_err(in_file(path))
}

/// Binds a new database to its key file, unless another process was faster; gives what it is
/// bound to.
pub(crate) fn bind_store(
    connection: &Connection,
    path: &Path,
    id: StoreId,
) -> Result<StoreId, StoreError> {
    connection
        .execute(
            "INSERT INTO store VALUES(1, ?1) ON CONFLICT DO NOTHING",
            [id],
        )
        .map_err(in_file(path))?;
    Ok(store_id(connection, path)?.unwrap_or(id))
}
