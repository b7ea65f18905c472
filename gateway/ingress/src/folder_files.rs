//! `FolderFiles`, the files of one folder: reading, answering, moving. Everything goes through
//! folders that are open, so that a link that somebody puts in their place leads nowhere; which
//! file is taken when is decided in `folder_watch`. All of it blocks.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    Access, AtFlags, Mode, OFlags, RenameFlags, accessat, fchmod, fstat, fsync, mkdirat, open,
    openat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use crate::error::IngressError;
use crate::folder_config::FolderConfig;
use crate::folder_listing::{FileName, Listing, Stamp};

/// How often another name is tried when one is taken.
const NAMES_TRIED: u64 = 100;

/// Under which name a file is written before it has its own.
const UNFINISHED: &str = ".unfinished";

/// The name of a file that is moved for a try at the start.
const TRIED: &str = ".tried";

/// The open folders.
#[derive(Debug)]
pub(crate) struct FolderFiles {
    inbox: OwnedFd,
    done: OwnedFd,
    refused: OwnedFd,
    answers: OwnedFd,
}

/// Where a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// To `done`.
    Done,
    /// Nowhere: it is deleted.
    Gone,
    /// To `refused`.
    Refused,
}

/// A file that was read.
pub(crate) enum Content {
    /// All of it.
    Whole(Vec<u8>),
    /// It has more bytes than are taken.
    TooLong,
    /// It is not the file that was seen, or changed while it was read.
    Changed,
    /// The system does not let us read it.
    Denied,
}

impl FolderFiles {
    /// Opens the folders; makes those that are not there.
    pub(crate) fn open(config: &FolderConfig) -> Result<Self, IngressError> {
        let fault = |problem, error: Errno| IngressError::Folder {
            name: config.name.clone(),
            path: config.path.clone(),
            problem,
            source: error.into(),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(&config.path, flags, Mode::empty())
            .map_err(|error| fault("cannot be opened; make it before the start", error))?;
        let inside = |name: &str, mode, problem| {
            match mkdirat(&folder, name, mode) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(fault(problem, error)),
            }
            let opened = openat(&folder, name, flags | OFlags::NOFOLLOW, Mode::empty());
            let opened = opened.map_err(|error| fault(problem, error))?;
            accessat(
                &opened,
                ".",
                Access::WRITE_OK | Access::EXEC_OK,
                AtFlags::empty(),
            )
            .map_err(|error| fault(problem, error))?;
            Ok(opened)
        };
        let own = Mode::RWXU;
        let read_by_all = own | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
        let files = Self {
            inbox: inside("in", own, "needs a folder `in` that the gateway may write")?,
            done: inside(
                "done",
                own,
                "needs a folder `done` that the gateway may write",
            )?,
            refused: inside(
                "refused",
                own,
                "needs a folder `refused` that the gateway may write",
            )?,
            answers: inside(
                "answers",
                read_by_all,
                "needs a folder `answers` that the gateway may write",
            )?,
        };
        let device = |folder: &OwnedFd| fstat(folder).map(|stat| stat.st_dev);
        let first = device(&files.inbox);
        for other in [&files.done, &files.refused] {
            let problem = "has in, done and refused on several file systems or mounts; files are \
                           moved, so put them on one";
            if device(other) != first {
                return Err(fault(problem, Errno::XDEV));
            }
            files
                .try_move(other)
                .map_err(|error| fault(problem, error))?;
        }
        Ok(files)
    }

    /// Moves a file of our own there: what is one file system may be two mounts, between which
    /// nothing is moved, and then every file would be read again and again.
    fn try_move(&self, to: &OwnedFd) -> Result<(), Errno> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        drop(openat(&self.inbox, TRIED, flags, Mode::RUSR | Mode::WUSR)?);
        let moved = renameat(&self.inbox, TRIED, to, TRIED);
        let folder = if moved.is_ok() { to } else { &self.inbox };
        unlinkat(folder, TRIED, AtFlags::empty())?;
        moved
    }

    /// What lies in `in`.
    pub(crate) fn listing(&self, config: &FolderConfig) -> io::Result<Listing> {
        Listing::of(&self.inbox, &config.pattern)
    }

    /// Reads a file of at most this many bytes that was seen so.
    pub(crate) fn read(&self, name: &FileName, seen: Stamp, most: usize) -> io::Result<Content> {
        // A pipe in place of the file shall not keep us waiting.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = openat(&self.inbox, name.0.as_slice(), flags, Mode::empty());
        let file = match opened {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(Content::Changed),
            Err(Errno::ACCESS | Errno::PERM) => return Ok(Content::Denied),
            Err(error) => return Err(error.into()),
        };
        if Stamp::of(&fstat(&file)?) != Some(seen) {
            return Ok(Content::Changed);
        }
        if seen.bytes() > most {
            return Ok(Content::TooLong);
        }
        let mut file = File::from(file);
        let mut bytes = Vec::with_capacity(seen.bytes());
        let more = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        (&mut file).take(more).read_to_end(&mut bytes)?;
        if bytes.len() != seen.bytes() || Stamp::of(&fstat(&file)?) != Some(seen) {
            return Ok(Content::Changed);
        }
        Ok(Content::Whole(bytes))
    }

    /// Writes the answer to a file, under its name and `.ack`.
    pub(crate) fn answer(&self, name: &FileName, text: &[u8], stamp: u64) -> io::Result<()> {
        write_new(&self.answers, name, ".ack", text, stamp)
    }

    /// Writes why a file is refused, under its name and `.reason.txt`.
    pub(crate) fn reason(&self, name: &FileName, text: &str, stamp: u64) -> io::Result<()> {
        write_new(&self.refused, name, ".reason.txt", text.as_bytes(), stamp)
    }

    /// Moves a file that was seen so to where it goes. False when another has taken its name in
    /// between, which then lies in `in` again and is read at the next look.
    pub(crate) fn move_to(
        &self,
        goal: Goal,
        name: &FileName,
        seen: Stamp,
        stamp: u64,
    ) -> io::Result<bool> {
        let folder = match goal {
            Goal::Done | Goal::Gone => &self.done,
            Goal::Refused => &self.refused,
        };
        if Stamp::at(&self.inbox, name) != Ok(Some(seen)) {
            return Ok(false);
        }
        let moved = rename_free(&self.inbox, name, folder, stamp, &name.0, b"")?;
        if Stamp::at(folder, &moved)? != Some(seen) {
            rename_free(folder, &moved, &self.inbox, stamp, &name.0, b"")?;
            return Ok(false);
        }
        if goal == Goal::Gone {
            unlinkat(folder, moved.0.as_slice(), AtFlags::empty())?;
        }
        fsync(folder)?;
        fsync(&self.inbox)?;
        Ok(true)
    }
}

/// Writes a file that is there whole or not at all, and replaces none.
fn write_new(
    folder: &OwnedFd,
    name: &FileName,
    ending: &str,
    text: &[u8],
    stamp: u64,
) -> io::Result<()> {
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    let mut file = File::from(openat(folder, UNFINISHED, flags, mode)?);
    // Senders read answers whatever the gateway's umask is; who may come so far, the folder says.
    fchmod(&file, mode)?;
    file.write_all(text)?;
    file.sync_all()?;
    let unfinished = FileName(UNFINISHED.as_bytes().to_vec());
    rename_free(
        folder,
        &unfinished,
        folder,
        stamp,
        &name.0,
        ending.as_bytes(),
    )?;
    fsync(folder)?;
    Ok(())
}

/// Gives a file this name and ending, or the name, a number and the ending where that is taken;
/// tells which.
fn rename_free(
    from: &OwnedFd,
    old: &FileName,
    to: &OwnedFd,
    stamp: u64,
    name: &[u8],
    ending: &[u8],
) -> io::Result<FileName> {
    let mut new = [name, ending].concat();
    for tried in 0..NAMES_TRIED {
        match rename_new(from, &old.0, to, &new) {
            Ok(()) => return Ok(FileName(new)),
            Err(Errno::EXIST) => {
                let number = stamp.saturating_add(tried).to_string();
                new = [name, b".", number.as_bytes(), ending].concat();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Errno::EXIST.into())
}

fn rename_new(from: &OwnedFd, old: &[u8], to: &OwnedFd, new: &[u8]) -> Result<(), Errno> {
    match renameat_with(from, old, to, new, RenameFlags::NOREPLACE) {
        // A file system that cannot do both at once. Only we put files there.
        Err(Errno::INVAL | Errno::NOSYS) => {
            match statat(to.as_fd(), new, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => Err(Errno::EXIST),
                Err(Errno::NOENT) => renameat(from, old, to, new),
                Err(error) => Err(error),
            }
        }
        done => done,
    }
}
