//! Reads the folder of policies: one file a recipient, and the agreements; what they say is proved
//! in `isthmus_core::privacy`.

use std::collections::BTreeMap;
use std::path::Path;

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::privacy::codes::NO_MAP;
use isthmus_core::privacy::policy_loader::{self, PolicySources};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::read_set::ReadSet;
use isthmus_core::source_file::SourceFile;

use crate::failure::Failure;

/// The file of the agreements, in the folder of the policies.
const AGREEMENTS: &str = "agreements.toml";

/// The policies of a folder: every TOML file of it is one recipient's, but for the agreements.
pub(crate) fn load(
    folder: &Path,
    reads: &BTreeMap<String, ReadSet>,
    now: Timestamp,
) -> Result<Result<PolicySet, Vec<Diagnostic>>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::Usage(format!(
            "the policies in {} cannot be read: {error}",
            folder.display()
        ))
    };
    let mut files = Vec::new();
    let mut agreements = None;
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let source = SourceFile::new(path.display().to_string(), text);
        if path.ends_with(AGREEMENTS) {
            agreements = Some(source);
        } else {
            files.push(source);
        }
    }
    files.sort_by(|one, other| one.path().cmp(other.path()));
    let maps = reads
        .iter()
        .map(|(path, reads)| (path.clone(), reads))
        .collect();
    let sources = PolicySources {
        policies: &files,
        agreements: agreements.as_ref(),
        maps: &maps,
    };
    Ok(policy_loader::load(&sources, now))
}

/// Leaves out complaints about maps that are not there: a map with an error is not there for its
/// policy, and the error of the map says enough.
pub(crate) fn forget_absent_maps(problems: &mut Vec<Diagnostic>) {
    problems.retain(|problem| problem.code != NO_MAP);
}
