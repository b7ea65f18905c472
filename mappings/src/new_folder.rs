//! Writes a new configuration folder, whole or not at all, and never over what is there already.
//! What stands in it is the caller's business.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where everything is written first, inside the new folder.
const STAGE: &str = ".isthmus-init";

/// A file to be written.
#[derive(Debug, Clone)]
pub struct NewFile<'a> {
    /// Its path below the folder, with `/` between names.
    pub path: String,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum NewFolderError {
    /// Something of that name is there.
    #[error("{path} is there already")]
    Taken {
        /// What.
        path: PathBuf,
    },
    /// The folder is being written by another process, or one was stopped while it wrote.
    #[error("{path} is there: another start is writing the folder, or was stopped; remove it")]
    Unfinished {
        /// The folder in which it wrote.
        path: PathBuf,
    },
    /// The disk does not take it.
    #[error("cannot write {path}: {source}")]
    File {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes the files into a folder, which is made when it is absent. They are written aside and
/// then moved to their places, in the order in which their first names appear: the last one tells
/// that all is there.
///
/// # Errors
/// When a name at the top of the folder is taken, or the disk does not take a file. What was
/// written by then is removed.
pub fn write(folder: &Path, files: &[NewFile<'_>]) -> Result<(), NewFolderError> {
    let mut tops: Vec<&str> = Vec::new();
    for file in files {
        let top = file.path.split('/').next().unwrap_or_default();
        if !tops.contains(&top) {
            tops.push(top);
        }
    }
    let taken = tops.iter().rev().map(|top| folder.join(top));
    for path in taken {
        if path.symlink_metadata().is_ok() {
            return Err(NewFolderError::Taken { path });
        }
    }
    let was_there = folder.exists();
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let stage = folder.join(STAGE);
    if stage.exists() {
        return Err(NewFolderError::Unfinished { path: stage });
    }
    fs::create_dir(&stage).map_err(failed(&stage))?;
    let written = fill(&stage, files).and_then(|()| settle(&stage, folder, &tops));
    let cleared = fs::remove_dir_all(&stage).map_err(failed(&stage));
    if written.is_err() && !was_there {
        // Anything but an empty folder stays: it is not ours.
        drop(fs::remove_dir(folder));
    }
    written.and(cleared)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> NewFolderError + '_ {
    move |source| NewFolderError::File {
        path: path.to_owned(),
        source,
    }
}

fn fill(stage: &Path, files: &[NewFile<'_>]) -> Result<(), NewFolderError> {
    for file in files {
        let path = stage.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        fs::write(&path, file.bytes).map_err(failed(&path))?;
    }
    Ok(())
}

/// Moves what was written to its places; takes it back when one move fails.
fn settle(stage: &Path, folder: &Path, tops: &[&str]) -> Result<(), NewFolderError> {
    for (at, top) in tops.iter().enumerate() {
        let place = folder.join(top);
        if let Err(source) = fs::rename(stage.join(top), &place) {
            for moved in tops.iter().take(at) {
                drop(fs::rename(folder.join(moved), stage.join(moved)));
            }
            return Err(failed(&place)(source));
        }
    }
    Ok(())
}
