//! `isthmus init`: writes a configuration that runs as it is, with the maps, tables, policies and
//! record schemas that ship; how a folder is written whole is `isthmus_mappings::new_folder`'s.

use std::path::{Path, PathBuf};

use clap::Args;
use isthmus_mappings::new_folder::{NewFile, NewFolderError, write};
use isthmus_mappings::shipped;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::shell_path::shell_path;

/// The configuration, to be changed by whoever gets it.
const TEMPLATE: &str = include_str!("../../template/isthmus.toml");

/// A profile that a sender may be held to.
const PROFILE: &str = include_str!("../../../example/profiles/example-ehr.toml");

/// Its place, as the template says.
const PROFILE_PATH: &str = "profiles/example-ehr.toml";

/// The configuration's name. It is written last: where it is, everything is.
const NAME: &str = "isthmus.toml";

/// The folder of the maps, as the template says.
const MAPPINGS: &str = "mappings";

/// Options of `init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder to write; it is made when it is absent.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// The `--json` document.
#[derive(Debug, Serialize)]
struct Written {
    folder: String,
    files: Vec<String>,
    next: [String; 2],
}

/// Writes the folder, or nothing.
pub(crate) fn run(options: &Init, output: Output) -> Result<(), Failure> {
    let folder = &options.folder;
    let files = files();
    write(folder, &files).map_err(|error| failure(folder, &error))?;
    let shown = shell_path(folder);
    let next = ["check", "run"].map(|command| format!("isthmus {command} --config {shown}"));
    let maps = folder.join(MAPPINGS);
    output.line(format!(
        "{}: ports, senders, destinations and keys",
        folder.join(NAME).display()
    ));
    output.line(format!(
        "{}: maps, tables, policies and record schemas, {} files; README.md explains them",
        maps.display(),
        files.len().saturating_sub(2)
    ));
    output.line(format!(
        "{}: what a sender may be held to; none is yet",
        folder.join(PROFILE_PATH).display()
    ));
    output.line("\nNext:");
    for command in &next {
        output.line(format!("  {command}"));
    }
    output.document(&Written {
        folder: folder.display().to_string(),
        files: files.into_iter().map(|file| file.path).collect(),
        next,
    });
    Ok(())
}

fn files() -> Vec<NewFile<'static>> {
    let shipped = shipped::files().into_iter().map(|file| NewFile {
        path: format!("{MAPPINGS}/{}", file.path),
        bytes: file.bytes,
    });
    let template = NewFile {
        path: NAME.to_owned(),
        bytes: TEMPLATE.as_bytes(),
    };
    let profile = NewFile {
        path: PROFILE_PATH.to_owned(),
        bytes: PROFILE.as_bytes(),
    };
    shipped.chain([profile, template]).collect()
}

fn failure(folder: &Path, error: &NewFolderError) -> Failure {
    match error {
        NewFolderError::Taken { .. } => Failure::Usage(format!(
            "{error}, and nothing was written; name another folder, or move it away first to \
             start anew"
        )),
        NewFolderError::Unfinished { .. } => {
            Failure::Usage(format!("{error}, then run `isthmus init` again"))
        }
        NewFolderError::File { .. } => Failure::Run(format!(
            "{error}; {} was not made",
            folder.join(NAME).display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_configuration() {
        let config: crate::config::Config = toml::from_str(TEMPLATE).unwrap();
        assert_eq!(config.mappings, Path::new(MAPPINGS));
        assert_eq!(config.destinations.len(), 2);
        let held = TEMPLATE.replace("# profile = ", "profile = ");
        let config: crate::config::Config = toml::from_str(&held).unwrap();
        let name = config.senders[0].get_ref().profile.clone().unwrap();
        assert_eq!(PROFILE_PATH, format!("profiles/{name}.toml"));
    }

    #[test]
    fn the_configuration_is_written_last() {
        assert_eq!(files().last().unwrap().path, NAME);
    }
}
