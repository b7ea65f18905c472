//! `Listing`, which files lie in a folder, in the order of their names. Reading and moving them is
//! done in `folder_files`, when one is taken in `folder_watch`.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Stat, statat};
use rustix::io::Errno;

use crate::file_pattern::FilePattern;

/// Files of a folder that are looked at before the next look.
pub(crate) const PAGE: usize = 1024;

/// Bytes in the longest name of a file that is taken, so that a suffix finds room.
const NAME_MAX: usize = 200;

/// The name of a file. It may hold patient data: it has no `Display`, and shows nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileName(pub(crate) Vec<u8>);

/// By what a file is known to be the one that was seen before, unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    file: (u64, u64),
    bytes: u64,
    changed: (i64, i64),
}

/// The first files of a folder.
#[derive(Debug)]
pub(crate) struct Listing {
    /// In the order of their names, at most [`PAGE`].
    pub(crate) files: Vec<(FileName, Stamp)>,
    /// What is passed over: links, folders, pipes, and names that are too long or have control
    /// characters.
    pub(crate) passed_over: usize,
}

impl Listing {
    /// Looks into the folder. Names that begin with a dot are not looked at: programs that
    /// transfer files name unfinished ones so.
    pub(crate) fn of(folder: &OwnedFd, pattern: &FilePattern) -> io::Result<Self> {
        let mut names = BTreeSet::new();
        let mut passed_over = 0_usize;
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name.starts_with(b".") || !pattern.matches(name) {
                continue;
            }
            let is_file = matches!(entry.file_type(), FileType::RegularFile | FileType::Unknown);
            if !is_file || !is_usable(name) {
                passed_over = passed_over.saturating_add(1);
                continue;
            }
            names.insert(FileName(name.to_vec()));
            if names.len() > PAGE {
                names.pop_last();
            }
        }
        let mut files = Vec::new();
        for name in names {
            match Stamp::at(folder, &name) {
                Ok(Some(stamp)) => files.push((name, stamp)),
                Ok(None) => passed_over = passed_over.saturating_add(1),
                // Whoever put it there took it back.
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self { files, passed_over })
    }
}

fn is_usable(name: &[u8]) -> bool {
    name.len() <= NAME_MAX && !name.iter().any(u8::is_ascii_control)
}

impl Stamp {
    /// Of the file of this name; none when it is no file.
    pub(crate) fn at(folder: &OwnedFd, name: &FileName) -> Result<Option<Self>, Errno> {
        let stat = statat(folder.as_fd(), name.0.as_slice(), AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Self::of(&stat))
    }

    /// None when it is no file.
    pub(crate) fn of(stat: &Stat) -> Option<Self> {
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        is_file.then(|| Self {
            file: (stat.st_dev, stat.st_ino),
            bytes: u64::try_from(stat.st_size).unwrap_or_default(),
            changed: (
                stat.st_mtime,
                i64::try_from(stat.st_mtime_nsec).unwrap_or_default(),
            ),
        })
    }

    /// Its bytes; as many as can be said.
    pub(crate) fn bytes(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

impl std::fmt::Debug for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileName({} bytes)", self.0.len())
    }
}
