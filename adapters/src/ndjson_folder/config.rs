//! The configuration of an NDJSON folder; what is done with it is in `destination`.

use std::path::PathBuf;

use serde::Deserialize;

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
