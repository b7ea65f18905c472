//! The parts of a recipient of files as the configuration states them: its adapter, and the folder
//! or the server that takes them; what is wrong is shown at its place in `isthmus.toml`.

use std::sync::Arc;

use isthmus_adapters::adapter::Problem;
use isthmus_adapters::drop_folder::DropFolder;
use isthmus_adapters::drop_transport::DropTransport;
use isthmus_adapters::files::config::FilesConfig;
use isthmus_adapters::files::destination::Files;
use isthmus_adapters::sftp_client::client::SftpClient;
use isthmus_adapters::sftp_client::ssh_keys::ClientKey;
use isthmus_adapters::transport::Transport;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::executor::Executor;
use toml::Spanned;

use crate::config::DestinationConfig;
use crate::config_file::{ConfigFile, DESTINATION};
use crate::system::TokioExecutor;

/// How a key is made.
const KEY_HELP: &str = "`ssh-keygen -t ed25519 -N '' -f FILE` makes a key, of which the server's \
                        operator gets FILE.pub; refer to FILE";

/// What is wrong with a recipient of files; reads keys, looks at no folder, reaches nobody.
pub(crate) fn check(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &FilesConfig,
) -> Result<(), Vec<Diagnostic>> {
    adapter(file, stated, config)?;
    transport(file, stated, config, Arc::new(TokioExecutor::new())).map(drop)
}

/// Looks whether a file could be dropped: in a folder with one that is empty and hidden, at a
/// server by a login. None when that worked, else the code of why not.
pub(crate) async fn reach(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &FilesConfig,
) -> Result<Option<&'static str>, Vec<Diagnostic>> {
    adapter(file, stated, config)?;
    if config.sftp.is_some() {
        let client = client(file, stated, config, Arc::new(TokioExecutor::new()))?;
        return Ok(client.check().await.err());
    }
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
    if config.sftp.is_some() {
        return Ok(Box::new(client(file, stated, config, executor)?));
    }
    let folder = folder(file, stated, config)?;
    let transport = DropTransport::new(folder, config.timeout(), executor);
    Ok(Box::new(transport))
}

/// The client of a server; reads its key.
fn client(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &FilesConfig,
    executor: Arc<dyn Executor>,
) -> Result<SftpClient, Vec<Diagnostic>> {
    let wrong = |key, text: String, mend| vec![told(file, stated, &Problem::new(key, text, mend))];
    let reference = config.ssh_key.as_deref().unwrap_or_default();
    let text = file.secret(reference);
    let text = text.map_err(|error| wrong("ssh_key", error.to_string(), KEY_HELP))?;
    let key = ClientKey::parse(&text);
    let key = key.map_err(|fault| wrong("ssh_key", fault.to_string(), KEY_HELP))?;
    let settings = config.sftp_settings(key).ok_or_else(|| {
        let mend = "write it as sftp://user@host:22/folder";
        wrong("sftp", "it is no URL of a server".to_owned(), mend)
    })?;
    Ok(SftpClient::new(settings, executor))
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
