//! The profiles of the configuration: the folder read, and each sender given the one that it names;
//! what profiles say is read in `isthmus_conformance`, and asked of messages in `isthmus_ingress`.

use std::path::PathBuf;
use std::sync::Arc;

use isthmus_conformance::profile_folder::ProfileFolder;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_fhir::spelling::nearest;
use isthmus_ingress::sender::Sender;
use toml::Spanned;

use crate::config_file::{ConfigFile, NAME};
use crate::failure::Failure;

/// The folder, when the configuration names none.
const FOLDER: &str = "profiles";

/// The folder of the profiles.
pub(crate) fn folder(file: &ConfigFile) -> PathBuf {
    let said = file.config.profiles.as_ref();
    let said = said.map_or(PathBuf::from(FOLDER), |said| said.get_ref().clone());
    file.path(&said)
}

/// All senders, each with the profile that it names; and every error of the profiles, and every
/// sender that names one that is not there.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn senders(file: &ConfigFile) -> Result<(Vec<Sender>, Vec<Diagnostic>), Failure> {
    let place = folder(file);
    let mut problems = Vec::new();
    if let Some(said) = file.config.profiles.as_ref()
        && !place.is_dir()
    {
        let text = format!("`profiles` names {}, which is no folder", place.display());
        let help = "make it, or leave the key out where no sender has a profile";
        problems.push(file.unknown(&said.span(), text).with_help(help));
    }
    let read = ProfileFolder::read(&place).map_err(|error| {
        let place = place.display();
        Failure::Usage(format!(
            "the profiles of {NAME} in {place} cannot be read: {error}"
        ))
    })?;
    let mut senders = Vec::new();
    for stated in &file.config.senders {
        let mut sender = stated.get_ref().clone();
        if let Some(name) = &sender.profile {
            sender.asked = read.profiles.get(name).map(Arc::clone);
            if !read.names.contains(name) {
                problems.push(absent(file, stated, name, &read));
            }
        } else if sender.profile_failure.is_some() {
            let text = format!("{} has `profile_failure` and no `profile`", sender.id);
            let help = "name the profile that it is about, or take the key away";
            problems.push(file.unknown(&stated.span(), text).with_help(help));
        }
        senders.push(sender);
    }
    problems.extend(read.problems);
    Ok((senders, problems))
}

fn absent(
    file: &ConfigFile,
    stated: &Spanned<Sender>,
    name: &str,
    read: &ProfileFolder,
) -> Diagnostic {
    let place = folder(file);
    let text = format!(
        "{} is held to the profile `{name}`, and {} has none of that name",
        stated.get_ref().id,
        place.display()
    );
    let near = nearest(name, read.names.iter().map(String::as_str));
    let help = match (near.as_slice(), read.names.as_slice()) {
        ([], []) => format!("write it to {}", place.join(name).display()) + ".toml",
        ([], names) => format!("there are {}", names.join(", ")),
        (near, _) => format!("did you mean `{}`?", near.join("` or `")),
    };
    file.unknown(&stated.span(), text).with_help(help)
}
