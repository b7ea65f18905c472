//! The parts of a folder of NDJSON files as the configuration states them: its adapter, and the
//! folder that is appended to.

use isthmus_adapters::append_file::AppendFolder;
use isthmus_adapters::append_transport::AppendTransport;
use isthmus_adapters::ndjson_folder::config::NdjsonFolderConfig;
use isthmus_adapters::ndjson_folder::destination::NdjsonFolder;

use crate::config_file::ConfigFile;
use crate::failure::Failure;

/// The adapter.
pub(crate) const fn adapter() -> NdjsonFolder {
    NdjsonFolder
}

/// The folder, made when it is not there.
pub(crate) fn transport(
    file: &ConfigFile,
    config: &NdjsonFolderConfig,
) -> Result<AppendTransport, Failure> {
    let path = file.path(&config.folder);
    let folder = AppendFolder::open(&path)
        .map_err(|error| Failure::Usage(format!("{} cannot be made: {error}", path.display())))?;
    Ok(AppendTransport::new(folder))
}
