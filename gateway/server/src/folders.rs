//! Watched folders as the configuration states them: what is wrong with them is shown at their
//! place in `isthmus.toml`. What happens to files is the business of `isthmus_ingress`.

use std::collections::BTreeSet;
use std::sync::Arc;

use isthmus_core::diagnostic::{Code, Diagnostic, Explanation};
use isthmus_ingress::error::IngressError;
use isthmus_ingress::folder_config::FolderConfig;
use isthmus_ingress::folder_watch::FolderWatch;
use isthmus_ingress::seams::Seams;
use toml::Spanned;

use crate::causes::with_causes;
use crate::config_file::ConfigFile;
use crate::failure::Failure;

/// A folder that cannot be watched.
const FOLDER: Code = Code::new("C011");

/// The code, explained.
pub(crate) const CODES: &[Explanation] = &[Explanation {
    code: FOLDER,
    title: "a folder that cannot be watched",
    text: "A [[folder]] needs a name of its own that at least one [[sender]] lists in `folders`, a \
           path that is there and is no other folder's, and bounds that can work. In the path lie \
           `in`, `done`, `refused` and `answers`, on one file system, which the gateway's user may \
           write; those that are absent are made at the start.",
}];

/// What is wrong with the folders and with what senders say of them; opens none.
pub(crate) fn check(file: &ConfigFile) -> Result<(), Failure> {
    let config = &file.config;
    let mut problems = Vec::new();
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for stated in &config.folders {
        let folder = stated.get_ref();
        let mut wrong = |text: String| problems.push(file.error(&stated.span(), FOLDER, text));
        if let Err(error) = folder.check(config.limits.message_bytes()) {
            wrong(error.to_string());
        }
        let name = folder.name.as_str();
        if !names.insert(name) {
            wrong(format!("two folders have the name {name}"));
        }
        if !paths.insert(file.path(&folder.path)) {
            wrong("two folders have the same path".to_owned());
        }
        let mut senders = config.senders.iter();
        if !senders.any(|sender| sender.get_ref().folders.iter().any(|own| own == name)) {
            wrong(format!(
                "no sender's files come in by {name}; list it in `folders` of a [[sender]]"
            ));
        }
    }
    for stated in &config.senders {
        let folders = &stated.get_ref().folders;
        let unknown = folders.iter().filter(|name| !names.contains(name.as_str()));
        problems.extend(unknown.map(|name| {
            let text = format!("there is no [[folder]] with the name {name}");
            file.unknown(&stated.span(), text)
        }));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::Configuration(problems))
    }
}

/// Opens every folder, in the configuration's order.
pub(crate) fn open(file: &ConfigFile, seams: &Arc<Seams>) -> Result<Vec<FolderWatch>, Failure> {
    check(file)?;
    let folders = file.config.folders.iter();
    let opened = folders.map(|stated| {
        let mut config = stated.get_ref().clone();
        config.path = file.path(&config.path);
        FolderWatch::open(&config, Arc::clone(seams))
            .map_err(|error| Failure::Configuration(vec![unusable(file, stated, &error)]))
    });
    opened.collect()
}

fn unusable(file: &ConfigFile, stated: &Spanned<FolderConfig>, error: &IngressError) -> Diagnostic {
    file.error(&stated.span(), FOLDER, with_causes(error))
}

/// Every difference between the folders that are watched and those that were read.
pub(crate) fn changes(running: &ConfigFile, read: &ConfigFile) -> Vec<Diagnostic> {
    let (old, new) = (&running.config.folders, &read.config.folders);
    let named = |folders: &[Spanned<FolderConfig>], name: &str| {
        let mut folders = folders.iter();
        let found = folders.find(|other| other.get_ref().name == name);
        found.map(|found| found.get_ref().clone())
    };
    let mut changes = Vec::new();
    for one in new {
        let name = &one.get_ref().name;
        let text = match named(old, name) {
            Some(other) if other == *one.get_ref() => continue,
            Some(_) => {
                format!("another path, pattern or bound of a folder needs a restart: {name}")
            }
            None => format!("a new folder needs a restart: {name}"),
        };
        changes.push(read.changed(&one.span(), &text));
    }
    for gone in old {
        let name = &gone.get_ref().name;
        if named(new, name).is_none() {
            let text = format!("taking a folder away needs a restart: {name}");
            changes.push(read.needs_restart("[[folder]]", &text));
        }
    }
    changes
}
