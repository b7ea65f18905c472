//! What `isthmus.toml` may say; reading the file and following its references is in `config_file`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use isthmus_adapters::ndjson_folder::config::NdjsonFolderConfig;
use isthmus_adapters::webhook::config::WebhookConfig;
use isthmus_ingress::mllp_config::MllpConfig;
use isthmus_ingress::sender::Sender;
use serde::Deserialize;
use toml::Spanned;

/// The whole of `isthmus.toml`. Relative paths count from its folder; unknown keys are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The folder of maps, tables and policies.
    pub(crate) mappings: PathBuf,
    /// Where messages, deliveries and consents are kept.
    pub(crate) store: StoreConfig,
    /// What is kept of every decision and attempt.
    pub(crate) ledger: LedgerConfig,
    /// How commands reach a running gateway.
    #[serde(default)]
    pub(crate) admin: AdminConfig,
    /// The keys of `hmac("name")` in maps, by name: references to 32 bytes in hexadecimal.
    #[serde(default)]
    pub(crate) pseudonym_keys: BTreeMap<String, Spanned<String>>,
    /// What a first start may make; for trying out.
    #[serde(default)]
    pub(crate) first_start: FirstStart,
    /// The ports.
    #[serde(default)]
    pub(crate) mllp: Vec<Spanned<MllpConfig>>,
    /// The systems that may send.
    #[serde(default, rename = "sender")]
    pub(crate) senders: Vec<Spanned<Sender>>,
    /// How each recipient is reached.
    #[serde(default, rename = "destination")]
    pub(crate) destinations: Vec<Spanned<DestinationConfig>>,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// The folder of the database.
    pub(crate) folder: PathBuf,
    /// The folder of the key file; keep it out of the database's backups. Without it: `keys`
    /// in the store's folder.
    pub(crate) key_folder: Option<PathBuf>,
    /// The key that wraps all keys: a reference to 32 bytes in hexadecimal.
    pub(crate) master_key: Spanned<String>,
    /// What carries deliveries to the workers.
    #[serde(default)]
    pub(crate) queue: QueueKind,
    /// False: messages are taken in and acknowledged but not translated; for maintenance and
    /// for measuring intake alone.
    #[serde(default = "yes")]
    pub(crate) forward: bool,
}

/// `[ledger]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LedgerConfig {
    /// The key that signs checkpoints: a reference to 32 bytes in hexadecimal. Who has it can sign
    /// a ledger that never was, so keep it away from those who can write the store.
    pub(crate) signing_key: Spanned<String>,
}

/// `[admin]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminConfig {
    /// The Unix socket; without it `isthmus.sock` in the store's folder. A path of a socket has
    /// room for about 100 bytes.
    pub(crate) socket: Option<PathBuf>,
}

const fn yes() -> bool {
    true
}

/// `queue` of `[store]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum QueueKind {
    /// The store's own rows; no server needed.
    #[default]
    Embedded,
}

/// `[first_start]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstStart {
    /// Make key files that are referred to and absent.
    #[serde(default)]
    pub(crate) make_keys: bool,
    /// Make certificates for loopback in this folder when it has none.
    pub(crate) certificates: Option<PathBuf>,
}

/// One `[[destination]]`; `adapter` says how the recipient is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "adapter", rename_all = "kebab-case")]
pub(crate) enum DestinationConfig {
    /// One NDJSON file a day in a folder.
    NdjsonFolder(NdjsonFolderConfig),
    /// Signed requests over HTTPS.
    Webhook(Box<WebhookConfig>),
}

impl DestinationConfig {
    /// The adapter's name.
    pub(crate) const fn adapter(&self) -> &'static str {
        match self {
            Self::NdjsonFolder(_) => "ndjson-folder",
            Self::Webhook(_) => "webhook",
        }
    }

    /// The recipient that is reached so.
    pub(crate) fn recipient(&self) -> &str {
        match self {
            Self::NdjsonFolder(config) => &config.recipient,
            Self::Webhook(config) => &config.recipient,
        }
    }

    /// Where its files are written, as the configuration says; None when it writes none.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::NdjsonFolder(config) => Some(&config.folder),
            Self::Webhook(_) => None,
        }
    }
}
