//! `FolderConfig`, one `[[folder]]` of the configuration, into which others put files. Listeners
//! are in `listener_config`, whose folder it is in `sender`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::error::IngressError;
use crate::file_pattern::FilePattern;

/// One folder that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// By what senders and logs name it: lower-case letters, digits and hyphens, at most 64.
    pub name: String,
    /// The folder that has the folders `in`, `done`, `refused` and `answers`.
    pub path: PathBuf,
    /// Which files are taken, by their names: `*` stands for any part, `?` for one byte.
    #[serde(default)]
    pub pattern: FilePattern,
    /// How often it is looked into.
    #[serde(default = "five")]
    pub poll_seconds: u32,
    /// How long a file must not have changed before it is read; 0 where files are always renamed
    /// into place.
    #[serde(default = "ten")]
    pub settle_seconds: u32,
    /// Bytes in one file.
    #[serde(default = "file_bytes")]
    pub file_bytes_max: usize,
    /// How long the store may be silent before a file is left for later.
    #[serde(default = "thirty")]
    pub store_seconds_max: u32,
    /// What becomes of a file of which every message is stored.
    #[serde(default)]
    pub after_intake: AfterIntake,
    /// Whether the acknowledgements of a file are written into `answers`.
    #[serde(default = "yes")]
    pub write_answers: bool,
}

/// What becomes of a file of which every message is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AfterIntake {
    /// It is moved to `done`.
    #[default]
    Move,
    /// It is deleted.
    Delete,
}

impl FolderConfig {
    /// Checks what no type can.
    ///
    /// # Errors
    /// A name that is none, a bound that cannot work.
    pub fn check(&self, budget_bytes: usize) -> Result<(), IngressError> {
        let fault = |key, problem| {
            let name = self.name.clone();
            Err(IngressError::FolderKey { name, key, problem })
        };
        let usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=64).contains(&self.name.len()) || !self.name.bytes().all(usual) {
            let problem = "is made of lower-case letters, digits and hyphens, at most 64";
            return fault("name", problem);
        }
        if !(1..=3600).contains(&self.poll_seconds) {
            return fault("poll_seconds", "is not between 1 and 3600");
        }
        if self.settle_seconds > 3600 {
            return fault("settle_seconds", "is at most 3600");
        }
        if !(1..=3600).contains(&self.store_seconds_max) {
            return fault("store_seconds_max", "is not between 1 and 3600");
        }
        if !(1_024..=1 << 30).contains(&self.file_bytes_max) {
            return fault("file_bytes_max", "is not between 1 KiB and 1 GiB");
        }
        if self.file_bytes_max > budget_bytes {
            let problem = "is more than messages_mb of [limits] allows; lower it or raise that";
            return fault("file_bytes_max", problem);
        }
        Ok(())
    }

    pub(crate) fn poll(&self) -> Duration {
        Duration::from_secs(self.poll_seconds.into())
    }

    pub(crate) fn settle(&self) -> Duration {
        Duration::from_secs(self.settle_seconds.into())
    }

    pub(crate) fn store(&self) -> Duration {
        Duration::from_secs(self.store_seconds_max.into())
    }
}

const fn five() -> u32 {
    5
}

const fn ten() -> u32 {
    10
}

const fn thirty() -> u32 {
    30
}

const fn file_bytes() -> usize {
    16 << 20
}

const fn yes() -> bool {
    true
}
