//! Finds the cases beside a map and reads and writes their files.
//! What is done with them stands in `runner`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Cases of one map, at most.
const MAX_CASES: usize = 10_000;

/// Endings of case files. `.fhir.json` is the output of a map to FHIR, and the input of a map to
/// records.
pub const ENDINGS: [&str; 4] = [".hl7", ".fhir.json", ".record.json", ".errors.txt"];

/// Why cases cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file or folder of cases.
    #[error("cannot read or write {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that is neither input nor output.
    #[error("{path} is no case file; cases end in .hl7, .fhir.json, .record.json or .errors.txt")]
    Unknown {
        /// Which.
        path: PathBuf,
    },
    /// More cases than a map may have.
    #[error("more than {MAX_CASES} files in {path}")]
    TooMany {
        /// Which.
        path: PathBuf,
    },
}

/// The names of the inputs of a folder of cases without their ending, sorted; none when there is
/// no such folder. Every file must be an input or the output of one.
///
/// # Errors
/// When the folder cannot be read or holds a file that is no case.
pub fn inputs(folder: &Path, ending: &str) -> Result<Vec<String>, CaseError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let broken = |source| CaseError::File {
        path: folder.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for (count, entry) in fs::read_dir(folder).map_err(broken)?.enumerate() {
        let entry = entry.map_err(broken)?;
        let file = entry.file_name().to_string_lossy().into_owned();
        if count >= MAX_CASES {
            return Err(CaseError::TooMany {
                path: folder.to_owned(),
            });
        }
        let Some(known) = ENDINGS.iter().find(|known| file.ends_with(**known)) else {
            return Err(CaseError::Unknown { path: entry.path() });
        };
        let stem = file.strip_suffix(known).unwrap_or(&file);
        if *known == ending {
            names.push(stem.to_owned());
        } else if !folder.join(format!("{stem}{ending}")).is_file() {
            return Err(CaseError::Unknown { path: entry.path() });
        }
    }
    names.sort();
    Ok(names)
}

/// A file's bytes; none when there is no such file.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, CaseError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CaseError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Writes a file, or removes it.
///
/// # Errors
/// When that fails.
pub fn write(path: &Path, bytes: Option<&[u8]>) -> Result<(), CaseError> {
    let done = match bytes {
        Some(bytes) => fs::write(path, bytes),
        None if path.exists() => fs::remove_file(path),
        None => Ok(()),
    };
    done.map_err(|source| CaseError::File {
        path: path.to_owned(),
        source,
    })
}
