//! Drops files into a folder that a recipient takes them from: each appears at once and whole, and
//! is on the disk before that is told. What a file holds is the adapters' business.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use crate::disk_fault;
use crate::file_call::{FileCall, is_unfinished};

/// A file that is not whole and was not touched for so long belongs to a run that has ended.
const FORSAKEN_AFTER: Duration = Duration::from_hours(1);

/// Why a file is not known to be in its place. Codes are short words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropFault {
    /// It is not there.
    NotPlaced(&'static str),
    /// It is there, and may be gone after a power cut.
    Unsure(&'static str),
}

/// A folder that files are dropped into.
#[derive(Debug)]
pub struct DropFolder {
    folder: PathBuf,
    mode: u32,
    was_swept: AtomicBool,
}

impl DropFolder {
    /// The folder at this path, whose files get this mode. Nothing is opened or made.
    pub fn new(folder: &Path, mode: u32) -> Self {
        Self {
            folder: folder.to_path_buf(),
            mode,
            was_swept: AtomicBool::new(false),
        }
    }

    /// Whether a file could be dropped here, found with one that is empty and hidden, and goes.
    ///
    /// # Errors
    /// The code of why not.
    pub fn look(&self) -> Result<(), &'static str> {
        let path = self.folder.join(".isthmus.look");
        let made = File::create_new(&path).map(drop);
        made.and_then(|()| fs::remove_file(&path))
            .map_err(|error| code(&error))
    }

    /// Puts a file into its place.
    ///
    /// # Errors
    /// Why it is not known to be there. One that was there before is as it was, or the new one.
    pub fn place(&self, call: &FileCall) -> Result<(), DropFault> {
        let content = call.content.reveal();
        let place = self.folder.join(&call.name);
        if call.look_first && is_there(&place, content) {
            // To write it again would show it to the recipient as a new one.
            return self.sync();
        }
        let unfinished = self.folder.join(call.unfinished_name());
        let written_at = self.write(&unfinished, content).map_err(|error| {
            drop(fs::remove_file(&unfinished));
            DropFault::NotPlaced(code(&error))
        })?;
        fs::rename(&unfinished, &place).map_err(|error| {
            drop(fs::remove_file(&unfinished));
            DropFault::NotPlaced(code(&error))
        })?;
        self.sync()?;
        if !self.was_swept.swap(true, Ordering::Relaxed) {
            self.sweep(written_at);
        }
        Ok(())
    }

    /// Writes a file that nobody looks for yet; tells when, by the clock of the folder's disk.
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<SystemTime> {
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut options = OpenOptions::new();
        // New, so that no link that lies there leads elsewhere.
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(content)?;
        // Not by the mode of `open`, from which the process's umask is taken.
        file.set_permissions(Permissions::from_mode(self.mode))?;
        file.sync_all()?;
        file.metadata()?.modified()
    }

    /// A name is on the disk once its folder is.
    fn sync(&self) -> Result<(), DropFault> {
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| {
            DropFault::Unsure(disk_fault::code(error.kind()).unwrap_or("sync-failed"))
        })
    }

    /// Takes away what earlier runs left half written and nobody finished since, such as a record
    /// whose consent was withdrawn meanwhile. What cannot be taken away is left.
    fn sweep(&self, now: SystemTime) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.filter_map(Result::ok) {
            if !entry.file_name().to_str().is_some_and(is_unfinished) {
                continue;
            }
            let modified = entry.metadata().and_then(|data| data.modified()).ok();
            let age = modified.and_then(|then| now.duration_since(then).ok());
            if age.is_some_and(|age| age > FORSAKEN_AFTER) {
                drop(fs::remove_file(entry.path()));
            }
        }
    }
}

/// Whether a file is there and holds this. What is no file, such as a pipe, is not opened.
fn is_there(path: &Path, content: &[u8]) -> bool {
    let is_alike = |data: fs::Metadata| data.is_file() && data.len() == content.len() as u64;
    fs::symlink_metadata(path).is_ok_and(is_alike)
        && fs::read(path).is_ok_and(|there| there == content)
}

fn code(error: &io::Error) -> &'static str {
    disk_fault::code(error.kind()).unwrap_or("write-failed")
}
