//! Appends lines to files of one folder, all or none, synced, and never a line twice; what the
//! lines hold is the adapters' business.

use std::collections::{HashMap, HashSet};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use isthmus_core::id::DeliveryId;

use crate::adapter::Line;

/// How every line opens; the id follows.
const OPENING: &[u8] = b"{\"id\":\"";
/// The lock file; hidden from collectors, who take `*.ndjson`.
const LOCK: &str = ".isthmus.lock";
/// How many files are kept open: today's, and yesterday's for what was committed before midnight.
const OPEN_FILES: usize = 2;

/// A folder whose files only this process appends to; it holds a lock file to keep others away.
#[derive(Debug)]
pub struct AppendFolder {
    folder: PathBuf,
    files: Mutex<Files>,
    _lock: File,
}

#[derive(Debug, Default)]
struct Files {
    open: HashMap<String, OpenFile>,
    /// Files whose last append failed, so that any of its lines may be there or not.
    suspect: HashSet<String>,
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    length: u64,
    /// The ids that are in the file; read only while lines come that must be looked for.
    written: Option<HashSet<DeliveryId>>,
}

impl AppendFolder {
    /// The folder at this path, made when it is not there, readable to its owner alone.
    ///
    /// # Errors
    /// `ResourceBusy` when another process, or another destination of this one, appends there.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).mode(0o600);
        let lock = lock.open(folder.join(LOCK))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::ResourceBusy.into(),
            TryLockError::Error(error) => error,
        })?;
        Ok(Self {
            folder: folder.to_path_buf(),
            files: Mutex::default(),
            _lock: lock,
        })
    }

    /// Appends the lines in one write and syncs the file. On any failure the file is as long as
    /// before, as far as the disk allows. Lines that must be looked for first and are found are
    /// left out. A file that was collected or changed since the last append is begun anew.
    pub fn append(&self, name: &str, lines: &[Line]) -> io::Result<()> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let Files { open, suspect } = &mut *files;
        if !open
            .get(name)
            .is_some_and(|file| file.is_at(&self.folder.join(name)))
        {
            if open.len() >= OPEN_FILES {
                open.clear();
            }
            open.insert(name.to_owned(), OpenFile::open(&self.folder, name)?);
        }
        let Some(file) = open.get_mut(name) else {
            return Ok(());
        };
        let appended = file.append(lines, suspect.contains(name));
        if appended.is_err() {
            // Whatever state the file is in, it is read afresh next time.
            open.remove(name);
            suspect.insert(name.to_owned());
        } else {
            suspect.remove(name);
        }
        appended
    }
}

impl OpenFile {
    fn open(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        let known = path.exists();
        let mut options = OpenOptions::new();
        let options = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600);
        let mut file = options.open(&path)?;
        if !known {
            File::open(folder)?.sync_all()?;
        }
        let length = whole_lines(&mut file)?;
        if length < file.metadata()?.len() {
            file.set_len(length)?;
            file.sync_all()?;
        }
        file.seek(SeekFrom::Start(length))?;
        Ok(Self {
            file,
            length,
            written: None,
        })
    }

    /// Whether the path still leads to this file, as long as it was left: a collector may have
    /// moved it away, and what is appended to a file that nobody finds is lost.
    fn is_at(&self, path: &Path) -> bool {
        let (Ok(there), Ok(here)) = (path.metadata(), self.file.metadata()) else {
            return false;
        };
        (there.dev(), there.ino(), there.len()) == (here.dev(), here.ino(), self.length)
    }

    fn append(&mut self, lines: &[Line], look_first: bool) -> io::Result<()> {
        let mut bytes = Vec::new();
        let look = |line: &Line| look_first || line.look_first;
        if lines.iter().any(look) {
            let written = self.written()?;
            for line in lines
                .iter()
                .filter(|line| !look(line) || written.insert(line.id))
            {
                bytes.extend_from_slice(line.bytes.reveal());
            }
        } else {
            self.written = None;
            for line in lines {
                bytes.extend_from_slice(line.bytes.reveal());
            }
        }
        let outcome = self
            .file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_data());
        match outcome {
            Ok(()) => self.length += bytes.len() as u64,
            Err(_) => self
                .file
                .set_len(self.length)
                .and_then(|()| self.file.sync_data())?,
        }
        outcome
    }

    /// The ids in the file, read once.
    fn written(&mut self) -> io::Result<&mut HashSet<DeliveryId>> {
        if self.written.is_none() {
            self.file.seek(SeekFrom::Start(0))?;
            let mut ids = HashSet::new();
            let mut lines = BufReader::with_capacity(1 << 16, (&self.file).take(self.length));
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line)? > 0 {
                ids.extend(id_of(&line));
                line.clear();
            }
            self.file.seek(SeekFrom::Start(self.length))?;
            self.written = Some(ids);
        }
        Ok(self.written.get_or_insert_default())
    }
}

/// The delivery that a line holds.
fn id_of(line: &[u8]) -> Option<DeliveryId> {
    let digits = line.strip_prefix(OPENING)?.get(..32)?;
    DeliveryId::parse(std::str::from_utf8(digits).ok()?)
}

/// The length up to the last line feed: what follows was torn by a crash and never confirmed.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    const STEP: u64 = 1 << 16;
    let mut end = file.metadata()?.len();
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        file.take(end - start).read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
