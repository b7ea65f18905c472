//! What `isthmus.toml` may say; reading the file and following its references is in `config_file`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use isthmus_adapters::amqp::config::{AmqpConfig, Payload};
use isthmus_adapters::files::config::FilesConfig;
use isthmus_adapters::limits::Limits;
use isthmus_adapters::mllp::config::MllpDestinationConfig;
use isthmus_adapters::ndjson_folder::config::NdjsonFolderConfig;
use isthmus_adapters::webhook::config::WebhookConfig;
use isthmus_ingress::folder_config::FolderConfig;
use isthmus_ingress::listener::Protocol;
use isthmus_ingress::listener_config::ListenerConfig;
use isthmus_ingress::sender::Sender;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// The whole of `isthmus.toml`. Relative paths count from its folder; unknown keys are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The folder of maps, tables and policies.
    pub(crate) mappings: PathBuf,
    /// The folder of the profiles that senders are held to; `profiles` unless told.
    pub(crate) profiles: Option<Spanned<PathBuf>>,
    /// Where messages, deliveries and consents are kept.
    pub(crate) store: StoreConfig,
    /// The broker of deliveries, for `queue = "rabbitmq"`.
    pub(crate) rabbitmq: Option<Spanned<RabbitMqConfig>>,
    /// What is kept of every decision and attempt.
    pub(crate) ledger: LedgerConfig,
    /// How commands reach a running gateway.
    #[serde(default)]
    pub(crate) admin: AdminConfig,
    /// What the gateway as a whole may take.
    #[serde(default)]
    pub(crate) limits: LimitsConfig,
    /// The keys of `hmac("name")` in maps, by name: references to 32 bytes in hexadecimal.
    #[serde(default)]
    pub(crate) pseudonym_keys: BTreeMap<String, Spanned<String>>,
    /// What a first start may make; for trying out.
    #[serde(default)]
    pub(crate) first_start: FirstStart,
    /// The ports for HL7 v2 over MLLP.
    #[serde(default)]
    pub(crate) mllp: Vec<Spanned<ListenerConfig>>,
    /// The ports for HL7 v2 over HTTP.
    #[serde(default)]
    pub(crate) http: Vec<Spanned<ListenerConfig>>,
    /// The folders that files come in by.
    #[serde(default, rename = "folder")]
    pub(crate) folders: Vec<Spanned<FolderConfig>>,
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
    /// How large the database may grow, in MiB; beyond it senders are told `AE`. Beside it lies its
    /// log, of some 32 MiB. Without it: as large as the disk allows.
    pub(crate) size_max_mb: Option<Mebibytes<4, 16_777_216>>,
}

/// `[rabbitmq]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RabbitMqConfig {
    /// `amqps://HOST[:PORT][/VHOST]`; `amqp` for a broker on this machine.
    pub(crate) url: Spanned<String>,
    /// Who we are at the broker. Without it the client certificate tells.
    pub(crate) user: Option<Spanned<String>>,
    /// A reference to the user's password.
    pub(crate) password: Option<Spanned<String>>,
    /// The authorities that the broker's certificate may come from, beside the system's (PEM).
    pub(crate) authorities: Option<Spanned<PathBuf>>,
    /// Our certificate (PEM).
    pub(crate) client_certificate: Option<Spanned<PathBuf>>,
    /// Its key (PEM, PKCS #8).
    pub(crate) client_key: Option<Spanned<PathBuf>>,
    /// What the names of exchanges and queues begin with; no two gateways may share one. Without
    /// it: `isthmus.` and the store's name.
    pub(crate) prefix: Option<Spanned<String>>,
    /// How many queues a recipient has, beside the urgent one.
    #[serde(default = "two_lanes")]
    pub(crate) lanes: Spanned<u32>,
}

fn two_lanes() -> Spanned<u32> {
    Spanned::new(0..0, 2)
}

impl Config {
    /// All ports, with what is spoken at them: those for MLLP, then those for HTTP.
    pub(crate) fn listeners(&self) -> impl Iterator<Item = (Protocol, &Spanned<ListenerConfig>)> {
        let mllp = self.mllp.iter().map(|one| (Protocol::Mllp, one));
        mllp.chain(self.http.iter().map(|one| (Protocol::Http, one)))
    }
}

impl StoreConfig {
    /// How large the database may grow, in bytes.
    pub(crate) fn size_limit(&self) -> Option<u64> {
        self.size_max_mb.map(Mebibytes::bytes)
    }
}

/// `[limits]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsConfig {
    /// How many MiB of messages all listeners and folders together may hold that are not answered
    /// yet; beyond it they read no further, and senders wait. Without it: 88.
    pub(crate) messages_mb: Option<Mebibytes<1, 65_536>>,
}

impl LimitsConfig {
    /// Bytes of messages that all listeners may hold at once.
    pub(crate) fn message_bytes(&self) -> usize {
        let stated = self.messages_mb.unwrap_or(MESSAGES);
        usize::try_from(stated.bytes()).unwrap_or(usize::MAX)
    }
}

/// `messages_mb`, unless it is stated.
const MESSAGES: Mebibytes<1, 65_536> = Mebibytes(88);

/// A size in MiB; one outside its bounds is refused where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mebibytes<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> Mebibytes<LEAST, MOST> {
    const fn bytes(self) -> u64 {
        self.0.saturating_mul(1 << 20)
    }
}

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Mebibytes<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stated = u64::deserialize(deserializer)?;
        if (LEAST..=MOST).contains(&stated) {
            return Ok(Self(stated));
        }
        let text = format!("{stated} MiB cannot work; state a number between {LEAST} and {MOST}");
        Err(D::Error::custom(text))
    }
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
    /// Quorum queues of a RabbitMQ broker, told in `[rabbitmq]`.
    #[serde(rename = "rabbitmq")]
    RabbitMq,
}

impl QueueKind {
    /// As the configuration writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::RabbitMq => "rabbitmq",
        }
    }
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
    /// Messages through a broker.
    Amqp(Box<AmqpConfig>),
    /// HL7 v2 messages over MLLP.
    Mllp(Box<MllpDestinationConfig>),
    /// One file a record.
    Files(Box<FilesConfig>),
}

impl DestinationConfig {
    /// The adapter's name.
    pub(crate) const fn adapter(&self) -> &'static str {
        match self {
            Self::NdjsonFolder(_) => "ndjson-folder",
            Self::Webhook(_) => "webhook",
            Self::Amqp(_) => "amqp",
            Self::Mllp(_) => "mllp",
            Self::Files(_) => "files",
        }
    }

    /// The recipient that is reached so.
    pub(crate) fn recipient(&self) -> &str {
        match self {
            Self::NdjsonFolder(config) => &config.recipient,
            Self::Webhook(config) => &config.recipient,
            Self::Amqp(config) => &config.recipient,
            Self::Mllp(config) => &config.recipient,
            Self::Files(config) => &config.recipient,
        }
    }

    /// Where its files are written, as the configuration says; None when it writes none.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::NdjsonFolder(config) => Some(&config.folder),
            Self::Files(config) => config.folder.as_deref(),
            Self::Webhook(_) | Self::Amqp(_) | Self::Mllp(_) => None,
        }
    }

    /// Where its files are put at a server, as the configuration says; None when they are not.
    pub(crate) fn server_folder(&self) -> Option<&str> {
        match self {
            Self::Files(config) => config.sftp.as_deref(),
            Self::NdjsonFolder(_) | Self::Webhook(_) | Self::Amqp(_) | Self::Mllp(_) => None,
        }
    }

    /// How fast the recipient is served, and when it is left alone.
    pub(crate) fn limits(&self) -> Limits {
        match self {
            Self::NdjsonFolder(_) => Limits::default(),
            Self::Webhook(config) => config.limits(),
            Self::Amqp(config) => config.limits(),
            Self::Mllp(config) => config.limits(),
            Self::Files(config) => config.limits(),
        }
    }

    /// How long a record is tried; None for as long as any is.
    pub(crate) const fn retry_max_age(&self) -> Option<Duration> {
        match self {
            Self::NdjsonFolder(_) => None,
            Self::Webhook(config) => Some(config.retry_max_age()),
            Self::Amqp(config) => Some(config.retry_max_age()),
            Self::Mllp(config) => Some(config.retry_max_age()),
            Self::Files(config) => Some(config.retry_max_age()),
        }
    }

    /// Whether records leave sealed, so that only the recipient can read them.
    pub(crate) fn seals(&self) -> bool {
        match self {
            Self::Amqp(config) => config.payload == Payload::Sealed,
            Self::NdjsonFolder(_) | Self::Webhook(_) | Self::Mllp(_) | Self::Files(_) => false,
        }
    }
}
