//! Reads the maps, tables and record schemas below a mappings folder; nothing else reads them.
//! What the files say is found out in `library`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::lexer::MAX_FILE_BYTES;

/// Folders that hold no maps.
const NO_MAPS: [&str; 4] = ["src", "tests", "policies", "target"];

/// The folder that holds the schemas of records, right below the mappings folder.
const RECORDS: &str = "records";

/// Folders below each other, at most.
const MAX_DEPTH: usize = 16;

/// Files, at most.
const MAX_FILES: usize = 20_000;

/// Bytes in one table, at most.
const MAX_TABLE_BYTES: usize = 64 << 20;

/// A file as read: its path relative to the folder with `/` between names, and its text, or why
/// there is none.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// The path.
    pub path: String,
    /// The text.
    pub text: Result<String, String>,
}

/// All files of a mappings folder, sorted by path.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The maps: every `.rmap`.
    pub maps: Vec<TextFile>,
    /// The tables: every `.csv`.
    pub tables: Vec<TextFile>,
    /// The schemas of records: every `.schema.json` right below `records`.
    pub schemas: Vec<TextFile>,
}

/// Why a mappings folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder or one below it.
    #[error("cannot read the folder {folder}: {source}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More files or deeper folders than a mappings folder has.
    #[error("more than {MAX_FILES} files or {MAX_DEPTH} levels of folders below {folder}")]
    TooMuch {
        /// Where.
        folder: PathBuf,
    },
}

impl Files {
    /// Reads a folder.
    ///
    /// # Errors
    /// When a folder cannot be listed. A file that cannot be read is kept with the reason.
    pub fn read(folder: &Path) -> Result<Self, LoadError> {
        let mut files = Self::default();
        files.descend(folder, "", 0)?;
        files.maps.sort_by(|a, b| a.path.cmp(&b.path));
        files.tables.sort_by(|a, b| a.path.cmp(&b.path));
        files.schemas.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Adds a map.
    #[must_use]
    pub fn with_map(mut self, path: &str, text: &str) -> Self {
        self.maps.push(TextFile {
            path: path.to_owned(),
            text: Ok(text.to_owned()),
        });
        self
    }

    /// Adds a table.
    #[must_use]
    pub fn with_table(mut self, path: &str, text: &str) -> Self {
        self.tables.push(TextFile {
            path: path.to_owned(),
            text: Ok(text.to_owned()),
        });
        self
    }

    /// Adds a schema of records.
    #[must_use]
    pub fn with_schema(mut self, path: &str, text: &str) -> Self {
        self.schemas.push(TextFile {
            path: path.to_owned(),
            text: Ok(text.to_owned()),
        });
        self
    }

    fn descend(&mut self, folder: &Path, relative: &str, depth: usize) -> Result<(), LoadError> {
        if depth > MAX_DEPTH || self.count() > MAX_FILES {
            return Err(LoadError::TooMuch {
                folder: folder.to_owned(),
            });
        }
        let broken = |source| LoadError::Folder {
            folder: folder.to_owned(),
            source,
        };
        for entry in fs::read_dir(folder).map_err(broken)? {
            let entry = entry.map_err(broken)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let path = if relative.is_empty() {
                name.clone()
            } else {
                format!("{relative}/{name}")
            };
            if entry.file_type().map_err(broken)?.is_dir() {
                if depth > 0 || !NO_MAPS.contains(&name.as_str()) {
                    self.descend(&entry.path(), &path, depth + 1)?;
                }
                continue;
            }
            let extension = Path::new(&name).extension().and_then(|e| e.to_str());
            match extension {
                Some("rmap") => self.maps.push(read(&entry.path(), path, MAX_FILE_BYTES)),
                Some("csv") => self.tables.push(read(&entry.path(), path, MAX_TABLE_BYTES)),
                Some("json") if relative == RECORDS && name.ends_with(".schema.json") => {
                    self.schemas.push(read(&entry.path(), path, MAX_FILE_BYTES));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn count(&self) -> usize {
        self.maps.len() + self.tables.len() + self.schemas.len()
    }
}

fn read(file: &Path, path: String, limit: usize) -> TextFile {
    let too_long = |length: u64| usize::try_from(length).map_or(true, |length| length > limit);
    let text = match fs::metadata(file) {
        Ok(facts) if too_long(facts.len()) => Err(format!("it has more than {limit} bytes")),
        Ok(_) => fs::read_to_string(file).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    TextFile { path, text }
}
