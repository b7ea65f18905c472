//! `WorkingFolder`, where the demo keeps its configuration, maps, feed and store; temporary unless
//! a user names one. What runs in it is started by `command::demo`.

use std::fs::{self, DirBuilder};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use isthmus_mappings::new_folder::{NewFile, write};
use isthmus_mappings::shipped;

use crate::config_file::{ConfigFile, NAME};
use crate::demo::feed::Chapter;
use crate::failure::Failure;
use crate::first_start;
use isthmus_core::id::hexadecimal;

/// The configuration, with places for the addresses of the recipients.
const TEMPLATE: &str = include_str!("../../template/demo.toml");
/// Where the certificates and keys of loopback are.
pub(crate) const CERTIFICATES: &str = "data/certificates";
/// The secret that the CRM shares with the gateway.
pub(crate) const CRM_SECRET: &str = "data/secrets/crm-webhook.secret";
/// The secret that the marketing platform shares with the gateway.
pub(crate) const MARKETING_SECRET: &str = "data/secrets/marketing-webhook.secret";

/// A folder to work in.
#[derive(Debug)]
pub(crate) struct WorkingFolder {
    path: PathBuf,
    /// It goes when this goes.
    is_temporary: bool,
}

impl WorkingFolder {
    /// Makes a temporary folder that only its owner may read, or takes the one that was named.
    pub(crate) fn make(named: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = named {
            return Ok(Self {
                path: path.to_path_buf(),
                is_temporary: false,
            });
        }
        let mut number = [0_u8; 4];
        rand::fill(&mut number)
            .map_err(|_unspecified| Failure::Run("the machine gives no random bytes".into()))?;
        let name = format!("isthmus-demo-{}", hexadecimal(&number));
        let path = std::env::temp_dir().join(name);
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| Failure::Run(format!("{} cannot be made: {error}", path.display())))?;
        Ok(Self {
            path,
            is_temporary: true,
        })
    }

    /// Writes the configuration, maps, feed, certificates, keys and secrets, and reads the
    /// configuration.
    pub(crate) fn fill(
        &self,
        crm: SocketAddr,
        marketing: SocketAddr,
    ) -> Result<ConfigFile, Failure> {
        let text = TEMPLATE
            .replace("@CRM@", &crm.to_string())
            .replace("@MARKETING@", &marketing.to_string());
        let shipped = shipped::files().into_iter().map(|file| NewFile {
            path: format!("mappings/{}", file.path),
            bytes: file.bytes,
        });
        let feed = Chapter::ALL.into_iter().map(|chapter| NewFile {
            path: format!("feed/{}", chapter.file()),
            bytes: chapter.text().as_bytes(),
        });
        // The configuration comes last: where it is, everything is.
        let configuration = NewFile {
            path: NAME.to_owned(),
            bytes: text.as_bytes(),
        };
        let files: Vec<NewFile<'_>> = shipped.chain(feed).chain([configuration]).collect();
        write(&self.path, &files).map_err(|error| {
            Failure::Usage(format!("{error}; the demo works in a folder of its own"))
        })?;
        let file = ConfigFile::read(&self.path)?;
        file.first_start()?;
        for secret in [CRM_SECRET, MARKETING_SECRET] {
            let path = self.path.join(secret);
            first_start::make_webhook_secret(&path).map_err(Failure::run)?;
        }
        Ok(file)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it goes at the end.
    pub(crate) fn is_temporary(&self) -> bool {
        self.is_temporary
    }
}

impl Drop for WorkingFolder {
    fn drop(&mut self) {
        if self.is_temporary
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::error!(folder = %self.path.display(), %error, "not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_configuration() {
        let text = TEMPLATE
            .replace("@CRM@", "127.0.0.1:1")
            .replace("@MARKETING@", "127.0.0.1:2");
        let config: crate::config::Config = toml::from_str(&text).unwrap();
        assert_eq!(config.destinations.len(), 2);
    }

    #[test]
    fn a_temporary_folder_goes_at_the_end() {
        let folder = WorkingFolder::make(None).unwrap();
        let path = folder.path().to_path_buf();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());
    }
}
