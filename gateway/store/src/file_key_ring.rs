//! `FileKeyRing`, the key ring over a key file: made in memory at once, on disk before the first
//! commit that needs it; what stands in the file is in `key_file`.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use isthmus_core::clock::Timestamp;
use isthmus_core::key_ring::{KeyClass, KeyError, KeyId, KeyOwner, KeyRing, SealingKey};
use isthmus_core::subject::Digester;
use zeroize::Zeroizing;

use crate::database::hold;
use crate::error::{StoreError, is_lasting};
use crate::generation_cache::GenerationCache;
use crate::key_file::{KeyFile, StoreId, WrappedKey, append, empty_log, overwrite, unwrap_secret};
use crate::key_label::{KeyLabel, owner_bytes};
use crate::master_key::MasterKey;
use crate::random::random;

/// Half of the keys kept open in memory.
const GENERATION: usize = 5_000;

/// Keys that may wait for the next commit; one more, and they are written at once.
const PENDING_LIMIT: usize = 4_096;

/// The keys of a store. A key that two processes make for one owner at the same moment exists
/// twice: both stay, either opens what it sealed, and they are destroyed together.
pub struct FileKeyRing {
    file: KeyFile,
    path: PathBuf,
    master: SealingKey,
    state: Mutex<RingState>,
    failure: OnceLock<String>,
}

/// What is known of the file in memory.
struct RingState {
    by_label: GenerationCache<KeyLabel, Arc<SealingKey>>,
    by_id: GenerationCache<KeyId, Arc<SealingKey>>,
    /// Made, perhaps used to seal, and not yet in the file.
    pending: HashMap<KeyLabel, (WrappedKey, Arc<SealingKey>)>,
    /// The number of this run and of the next key in it.
    next_id: Option<(u32, u32)>,
    /// How often keys were destroyed when the caches were last cleared.
    destructions: u64,
}

impl RingState {
    fn cached(&mut self, label: &KeyLabel) -> Option<Arc<SealingKey>> {
        if let Some(key) = self.by_label.get(label) {
            return Some(key);
        }
        self.pending
            .get(label)
            .map(|(_wrapped, key)| Arc::clone(key))
    }

    fn cached_id(&mut self, id: KeyId) -> Option<Arc<SealingKey>> {
        if let Some(key) = self.by_id.get(&id) {
            return Some(key);
        }
        let mut pending = self.pending.values();
        let found = pending.find(|(wrapped, _key)| wrapped.id == id);
        found.map(|(_wrapped, key)| Arc::clone(key))
    }

    fn keep(&mut self, label: KeyLabel, key: &Arc<SealingKey>) {
        self.by_label.insert(label, Arc::clone(key));
        self.by_id.insert(key.id(), Arc::clone(key));
    }

    fn forget(&mut self, destructions: u64) {
        if self.destructions != destructions {
            self.destructions = destructions;
            self.by_label.clear();
            self.by_id.clear();
        }
    }
}

impl FileKeyRing {
    /// Opens or makes the key file, and gives the identity and the digester of its store.
    /// `expected` is the identity that the database has; None for a new database.
    pub(crate) fn open(
        path: &Path,
        master: &MasterKey,
        expected: Option<(StoreId, &Path)>,
    ) -> Result<(Self, StoreId, Digester), StoreError> {
        let missing = |database: &Path| StoreError::KeyFileMissing {
            database: database.to_owned(),
            key_file: path.to_owned(),
        };
        if let Some((_id, database)) = expected
            && !path.exists()
        {
            return Err(missing(database));
        }
        let file = KeyFile::open(path)?;
        if let Some((_id, database)) = expected
            && file.is_new()?
        {
            return Err(missing(database));
        }
        let master = master.wrapping()?;
        let (id, digest_secret) = file.identity(&master)?;
        let state = RingState {
            by_label: GenerationCache::new(GENERATION),
            by_id: GenerationCache::new(GENERATION),
            pending: HashMap::new(),
            next_id: None,
            destructions: file.destructions().map_err(|e| unavailable(&e))?,
        };
        let ring = Self {
            file,
            path: path.to_owned(),
            master,
            state: Mutex::new(state),
            failure: OnceLock::new(),
        };
        Ok((ring, id, Digester::new(&digest_secret)))
    }

    /// The periods for which this owner has keys of this class: months (`YYYY-MM`) of a patient,
    /// days (`YYYY-MM-DD`) of a sender; in order.
    pub fn periods(&self, owner: &KeyOwner, class: KeyClass) -> Result<Vec<String>, KeyError> {
        self.flush().map_err(|e| self.not_written(&e))?;
        let periods = self.file.periods(&owner_bytes(owner), class.code());
        periods.map_err(|e| unavailable(&e))
    }

    /// Destroys the key of this owner, class and period (`YYYY-MM` for a patient, `YYYY-MM-DD`
    /// for a sender): when this returns, its bytes are neither in the key file nor in its log, and
    /// nothing that it sealed can be opened any more. Gives how many keys that were; to call it
    /// again does no harm.
    ///
    /// A message that is on its way into the journal under this key at that moment is not
    /// acknowledged.
    pub fn destroy(
        &self,
        owner: &KeyOwner,
        class: KeyClass,
        period: &str,
    ) -> Result<usize, KeyError> {
        let label = KeyLabel::of(owner, class, period.to_owned());
        let writer = self.file.hold_writer();
        let pending = hold(&self.state).pending.remove(&label).is_some();
        let (count, destructions) = overwrite(&writer, &label).map_err(|e| unavailable(&e))?;
        hold(&self.state).forget(destructions);
        if empty_log(&writer).map_err(|e| unavailable(&e))? {
            return Ok(count + usize::from(pending));
        }
        Err(KeyError::Unavailable(format!(
            "the key is deleted, but {} is being read and its log could not be emptied; repeat \
             the command",
            self.path.display()
        )))
    }

    /// Writes the keys that were made since the last time, and syncs them.
    pub(crate) fn flush(&self) -> rusqlite::Result<()> {
        let writer = self.file.hold_writer();
        let waiting: Vec<WrappedKey> = {
            let state = hold(&self.state);
            let pending = state.pending.values();
            pending.map(|(wrapped, _key)| wrapped.clone()).collect()
        };
        if waiting.is_empty() {
            return Ok(());
        }
        append(&writer, &waiting)?;
        let mut state = hold(&self.state);
        for key in waiting {
            state.pending.remove(&key.label);
        }
        Ok(())
    }

    /// Notices keys that another process destroyed, and gives how often keys were destroyed.
    pub(crate) fn notice_destructions(&self) -> rusqlite::Result<u64> {
        let destructions = self.file.destructions()?;
        hold(&self.state).forget(destructions);
        Ok(destructions)
    }

    /// How often keys were destroyed, as far as is known without reading the file.
    pub(crate) fn known_destructions(&self) -> u64 {
        hold(&self.state).destructions
    }

    /// Whether a key is in the file.
    pub(crate) fn contains(&self, id: KeyId) -> rusqlite::Result<bool> {
        self.file.contains(id)
    }

    fn open_wrapped(
        &self,
        id: KeyId,
        context: &[u8],
        wrapped: &[u8],
    ) -> Result<Arc<SealingKey>, KeyError> {
        let secret = unwrap_secret(&self.master, context, wrapped).ok_or(KeyError::Mismatch)?;
        Ok(Arc::new(SealingKey::new(id, &secret)?))
    }

    /// Makes a key, unless another task made it meanwhile. None when keys were destroyed since
    /// the file was read, so that it has to be read again.
    fn make(
        &self,
        label: &KeyLabel,
        destructions: u64,
    ) -> Result<Option<Arc<SealingKey>>, KeyError> {
        let mut state = hold(&self.state);
        if state.destructions != destructions {
            return Ok(None);
        }
        if let Some(key) = state.cached(label) {
            return Ok(Some(key));
        }
        let Some((run, count)) = state.next_id else {
            drop(state);
            self.start_run()?;
            return Ok(None);
        };
        let id = KeyId((u64::from(run) << 32) | u64::from(count));
        // After 2^32 keys a new run begins.
        state.next_id = count.checked_add(1).map(|next| (run, next));
        let mut secret = Zeroizing::new([0; 32]);
        random(secret.as_mut())?;
        let wrapped = self.master.seal(&label.context(id), secret.as_slice())?;
        let key = Arc::new(SealingKey::new(id, &secret)?);
        let wrapped = WrappedKey {
            id,
            label: label.clone(),
            wrapped,
        };
        state
            .pending
            .insert(label.clone(), (wrapped, Arc::clone(&key)));
        state.keep(label.clone(), &key);
        Ok(Some(key))
    }

    /// Why nothing may be acknowledged any more: the key file could not be written outside of a
    /// commit.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Notes a failure that lasts, for the committer.
    fn not_written(&self, error: &rusqlite::Error) -> KeyError {
        if is_lasting(error) {
            self.failure.get_or_init(|| format!("key file: {error}"));
        }
        unavailable(error)
    }

    fn start_run(&self) -> Result<(), KeyError> {
        let run = self.file.start_run().map_err(|e| self.not_written(&e))?;
        hold(&self.state).next_id.get_or_insert((run, 0));
        Ok(())
    }

    /// The key of a label from the file, kept in memory. None when there is none, or when keys
    /// were destroyed since.
    fn find(
        &self,
        label: &KeyLabel,
        destructions: u64,
    ) -> Result<Option<Arc<SealingKey>>, KeyError> {
        let Some(found) = self.file.find(label).map_err(|e| unavailable(&e))? else {
            return Ok(None);
        };
        let key = self.open_wrapped(found.id, &label.context(found.id), &found.wrapped)?;
        let mut state = hold(&self.state);
        if state.destructions != destructions {
            return Ok(None);
        }
        state.keep(label.clone(), &key);
        Ok(Some(key))
    }
}

impl KeyRing for FileKeyRing {
    fn sealing_key(
        &self,
        owner: &KeyOwner,
        class: KeyClass,
        at: Timestamp,
    ) -> Result<Arc<SealingKey>, KeyError> {
        let label = KeyLabel::at(owner, class, at);
        // Every turn but the last two is taken because a key was destroyed just now.
        for _turn in 0..100 {
            let (destructions, pending) = {
                let mut state = hold(&self.state);
                if let Some(key) = state.cached(&label) {
                    return Ok(key);
                }
                (state.destructions, state.pending.len())
            };
            if pending >= PENDING_LIMIT {
                self.flush().map_err(|e| self.not_written(&e))?;
            }
            if let Some(key) = self.find(&label, destructions)? {
                return Ok(key);
            }
            if let Some(key) = self.make(&label, destructions)? {
                return Ok(key);
            }
        }
        Err(KeyError::Unavailable(
            "keys are being destroyed all the time; try again".to_owned(),
        ))
    }

    fn opening_key(&self, id: KeyId) -> Result<Arc<SealingKey>, KeyError> {
        let destructions = self.notice_destructions().map_err(|e| unavailable(&e))?;
        if let Some(key) = hold(&self.state).cached_id(id) {
            return Ok(key);
        }
        let found = self.file.read(id).map_err(|e| unavailable(&e))?;
        let (context, wrapped) = found.ok_or(KeyError::Destroyed)?;
        let key = self.open_wrapped(id, &context, &wrapped)?;
        let mut state = hold(&self.state);
        if state.destructions == destructions {
            state.by_id.insert(id, Arc::clone(&key));
        }
        Ok(key)
    }
}

impl fmt::Debug for FileKeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKeyRing({})", self.path.display())
    }
}

/// The key file cannot be used, for this reason.
fn unavailable(error: &rusqlite::Error) -> KeyError {
    KeyError::Unavailable(error.to_string())
}
