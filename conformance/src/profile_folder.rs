//! The folder of profiles: `NAME.toml` each. What one says is read in `profile_file`; which sender
//! is held to which is the configuration's business.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::source_file::SourceFile;
use isthmus_hl7v2::profile::Profile;

use crate::profile_file;

/// Files in the folder, at most.
const FILES_MAX: usize = 1_000;

/// The profiles of a folder, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct ProfileFolder {
    /// Those that can be used, by name.
    pub profiles: BTreeMap<String, Arc<Profile>>,
    /// The names of all, right or wrong.
    pub names: Vec<String>,
    /// Every complaint about the others.
    pub problems: Vec<Diagnostic>,
}

impl ProfileFolder {
    /// Reads all profiles of a folder; a folder that is absent has none.
    ///
    /// # Errors
    /// When the folder or a file of it cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut all = Self::default();
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(all),
            Err(error) => return Err(error),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if paths.len() >= FILES_MAX {
                let text = format!("more than {FILES_MAX} profiles in one folder");
                return Err(io::Error::other(text));
            }
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                paths.push(path);
            }
        }
        paths.sort();
        for path in paths {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = name.into_owned();
            match read_profile(&path)? {
                Ok(profile) => drop(all.profiles.insert(name.clone(), Arc::new(profile))),
                Err(problems) => all.problems.extend(problems),
            }
            all.names.push(name);
        }
        Ok(all)
    }
}

/// Reads the profile in one file, named for it.
///
/// # Errors
/// When the file cannot be read; inside, every complaint about what it says.
pub fn read_profile(path: &Path) -> io::Result<Result<Profile, Vec<Diagnostic>>> {
    let text = std::fs::read_to_string(path)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let source = SourceFile::new(path.display().to_string(), text);
    Ok(profile_file::read(&name, &source))
}
