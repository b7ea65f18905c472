//! The parts of a recipient of files as the configuration states them: its adapter, and the folder
//! that files are dropped into; what is wrong is shown at its place in `isthmus.toml`.

use std::sync::Arc;

use isthmus_adapters::adapter::Problem;
use isthmus_adapters::drop_folder::DropFolder;
use isthmus_adapters::drop_transport::DropTransport;
use isthmus_adapters::files::config::FilesConfig;
use isthmus_adapters::files::destination::Files;
use isthmus_adapters::transport::Transport;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::executor::Executor;
use toml::Spanned;

use crate::config::DestinationConfig;
use crate::config_file::{ConfigFile, DESTINATION};

/// What is wrong with a recipient of files; looks at no folder.
pub(crate) fn check(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &FilesConfig,
) -> Result<(), Vec<Diagnostic>> {
    adapter(file, stated, config).map(drop)
}

/// Looks whether a file could be dropped, with one that is empty and hidden; none when that worked,
/// else the code of why not.
pub(crate) async fn reach(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &FilesConfig,
) -> Result<Option<&'static str>, Vec<Diagnostic>> {
    let folder = folder(file, stated, config)?;
    let looked = tokio::task::spawn_blocking(move || folder.look());
    Ok(looked.await.unwrap_or(Err("interrupted")).err())
}

/// The adapter.
pub(crate) fn adapter(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &FilesConfig,
) -> Result<Files, Vec<Diagnostic>> {
    let told =
        |problems: Vec<Problem>| problems.iter().map(|one| told(file, stated, one)).collect();
    Files::new(config).map_err(told)
}

/// What brings files to their place. A folder that is not there is no error: it is waited for.
pub(crate) fn transport(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &FilesConfig,
    executor: Arc<dyn Executor>,
) -> Result<Box<dyn Transport>, Vec<Diagnostic>> {
    let folder = folder(file, stated, config)?;
    let transport = DropTransport::new(folder, config.timeout(), executor);
    Ok(Box::new(transport))
}

fn folder(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &FilesConfig,
) -> Result<DropFolder, Vec<Diagnostic>> {
    let wrong = |key, text, mend| vec![told(file, stated, &Problem::new(key, text, mend))];
    let mode = config.mode_bits();
    let mode = mode.ok_or_else(|| wrong("mode", "it is no mode", "write \"0640\""))?;
    let folder = config.folder.as_ref();
    let folder = folder.ok_or_else(|| wrong("folder", "there is no folder", "name one"))?;
    Ok(DropFolder::new(&file.path(folder), mode))
}

fn told(file: &ConfigFile, stated: &Spanned<DestinationConfig>, problem: &Problem) -> Diagnostic {
    let text = format!("`{}`: {}", problem.key, problem.text);
    let told = file.error(&stated.span(), DESTINATION, text);
    told.with_help(problem.mend)
}
