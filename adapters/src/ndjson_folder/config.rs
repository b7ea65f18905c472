//! The configuration of an NDJSON folder; what is done with it is in `destination`.

use std::path::PathBuf;

use serde::Deserialize;

use crate::adapter::{AdapterConfig, Problem};

/// `adapter = "ndjson-folder"` of a destination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NdjsonFolderConfig {
    /// The `id` of the recipient's policy.
    pub recipient: String,
    /// The folder that the files are written to; made when it is not there. A relative path
    /// counts from the configuration's folder.
    pub folder: PathBuf,
}

impl AdapterConfig for NdjsonFolderConfig {
    fn recipient(&self) -> &str {
        &self.recipient
    }

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.folder.as_os_str().is_empty() {
            let mend = "name the folder that the files are written to";
            problems.push(Problem::new("folder", "the folder has no name", mend));
        }
        problems
    }
}
