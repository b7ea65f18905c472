//! Secrets by reference: `${env:NAME}` and `${file:PATH}` in a configuration value; the secret
//! itself never stands in a file that is checked in.

use std::path::Path;

/// Why a reference gives nothing. Holds names and paths, never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReferenceError {
    /// A secret was written out.
    #[error("a secret is given by reference: write ${{env:NAME}} or ${{file:PATH}}")]
    Literal,
    /// The environment has no such name.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {why}; put the secret there, readable by the gateway")]
    Unreadable {
        /// The path.
        path: String,
        /// What the system said.
        why: String,
    },
}

/// What a reference points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// An environment variable.
    Environment(String),
    /// A file, relative to the configuration's folder.
    File(String),
}

impl Reference {
    /// Reads `${env:NAME}` or `${file:PATH}`.
    pub(crate) fn parse(text: &str) -> Result<Self, ReferenceError> {
        let inner = text
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'));
        match inner.and_then(|inner| inner.split_once(':')) {
            Some(("env", name)) => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) => Ok(Self::File(path.to_owned())),
            _ => Err(ReferenceError::Literal),
        }
    }

    /// The secret's text, without white space around it.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads it"
    )]
    pub(crate) fn resolve(&self, folder: &Path) -> Result<String, ReferenceError> {
        match self {
            Self::Environment(name) => {
                std::env::var(name).map_err(|_absent| ReferenceError::Unset(name.clone()))
            }
            Self::File(path) => std::fs::read_to_string(folder.join(path)).map_err(|error| {
                ReferenceError::Unreadable {
                    path: path.clone(),
                    why: error.to_string(),
                }
            }),
        }
        .map(|secret| secret.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_written_out_is_refused() {
        assert_eq!(Reference::parse("hunter2"), Err(ReferenceError::Literal));
        assert_eq!(
            Reference::parse("${file:keys/master.key}"),
            Ok(Reference::File("keys/master.key".into()))
        );
        let unset = Reference::Environment("ISTHMUS_NO_SUCH_NAME".into());
        assert!(matches!(
            unset.resolve(Path::new(".")),
            Err(ReferenceError::Unset(_))
        ));
    }
}
