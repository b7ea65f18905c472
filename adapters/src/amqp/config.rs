//! The configuration of a broker's queue as a destination and what is wrong with it; what is done
//! with it is in `destination`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::adapter::{AdapterConfig, Problem};
use crate::amqp_client::settings::{AmqpSettings, BrokerPassword, Topology};
use crate::broker_url::{BrokerUrl, BrokerUrlFault};
use crate::config_rules;
use crate::endpoint::EndpointFault;
use crate::jwe::KEY_ID_LENGTH_MAX;
use crate::limits::Limits;

/// How many messages may be unconfirmed at once, unless stated.
pub const AT_ONCE: usize = 16;
/// How many messages may be unconfirmed at once at most.
const AT_ONCE_MAX: usize = 256;
/// The longest wait for a confirm that can be asked for, in seconds.
const CONFIRM_TIMEOUT_S_MAX: u64 = 120;
/// The longest pause between attempts to reach a broker: one that starts again is soon back.
const PAUSE_LONGEST: Duration = Duration::from_secs(30);
/// The longest name of AMQP, a short string.
const NAME_LENGTH_MAX: usize = 255;

/// `payload` of a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// The broker sees sealed bytes.
    #[default]
    Sealed,
    /// The broker, its disks and its operators see records.
    Plain,
}

/// `adapter = "amqp"` of a destination.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmqpConfig {
    /// The `id` of the recipient's policy.
    pub recipient: String,
    /// The broker: `amqps://host:port/vhost`, or `amqp` on this machine; without credentials.
    pub url: String,
    /// Who we are at the broker.
    pub user: String,
    /// A reference to the password.
    pub password: String,
    /// Networks that are not public and that the host may nevertheless lie in, `10.1.0.0/16`.
    #[serde(default)]
    pub allow_networks: Vec<String>,
    /// PEM file with the only authorities that are trusted; without it, those of the system. A
    /// relative path counts from the configuration's folder, here and below.
    pub authorities: Option<PathBuf>,
    /// PEM file with a certificate of our own, for a broker that asks for one.
    pub client_certificate: Option<PathBuf>,
    /// PEM file with its key.
    pub client_key: Option<PathBuf>,
    /// The exchange; empty for the default one, whose routing keys are names of queues.
    pub exchange: String,
    /// The routing key of every message.
    pub routing_key: String,
    /// Routing keys of kinds of records that have one of their own.
    #[serde(default)]
    pub routing_keys: BTreeMap<String, String>,
    /// A queue that must be there; needed with `declare`.
    pub queue: Option<String>,
    /// Make exchange, queue and bindings when they are absent.
    #[serde(default)]
    pub declare: bool,
    /// Whether the broker sees records.
    #[serde(default)]
    pub payload: Payload,
    /// A reference to the key that bodies are sealed under: 32 bytes in hexadecimal.
    pub seal_key: Option<String>,
    /// Its name, by which the recipient tells which key it is.
    pub seal_key_id: Option<String>,
    /// How many messages may be unconfirmed at once.
    #[serde(default = "at_once")]
    pub at_once: usize,
    /// The longest wait for a confirm, in seconds.
    #[serde(default = "confirm_timeout_s")]
    pub confirm_timeout_s: u64,
    /// The longest wait for a connection, in seconds.
    #[serde(default = "connect_timeout_s")]
    pub connect_timeout_s: u64,
    /// How long a record is tried, in hours.
    #[serde(default = "config_rules::retry_max_age_h")]
    pub retry_max_age_h: u64,
    /// `dataclassification` of every event.
    #[serde(default = "config_rules::classification")]
    pub classification: String,
    /// `dataregulation` of every event, separated by commas.
    #[serde(default = "config_rules::regulation")]
    pub regulation: String,
    /// `datacategory` of every event.
    #[serde(default = "config_rules::category")]
    pub category: String,
}

const fn at_once() -> usize {
    AT_ONCE
}

const fn confirm_timeout_s() -> u64 {
    20
}

const fn connect_timeout_s() -> u64 {
    5
}

/// Somebody may have written a secret where a reference belongs.
impl fmt::Debug for AmqpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpConfig")
            .field("recipient", &self.recipient)
            .field("exchange", &self.exchange)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}

impl AmqpConfig {
    /// How long a record is tried.
    pub const fn retry_max_age(&self) -> Duration {
        Duration::from_hours(self.retry_max_age_h)
    }

    /// When the broker is left alone.
    pub fn limits(&self) -> Limits {
        Limits {
            pause_longest: PAUSE_LONGEST,
            ..Limits::default()
        }
    }

    /// How the client connects; none when the URL is none. `folder` is the configuration's.
    pub fn client_settings(&self, folder: &Path, password: String) -> Option<AmqpSettings> {
        let url = BrokerUrl::parse(&self.url).ok()?;
        let files = || {
            config_rules::tls_files(
                folder,
                self.authorities.as_ref(),
                self.client_certificate.as_ref(),
                self.client_key.as_ref(),
            )
        };
        Some(AmqpSettings {
            user: self.user.clone(),
            password: BrokerPassword::new(password),
            filter: config_rules::address_filter(&self.allow_networks),
            tls: url.has_tls.then(files),
            connect_timeout: Duration::from_secs(self.connect_timeout_s),
            confirm_timeout: Duration::from_secs(self.confirm_timeout_s),
            at_once: self.at_once,
            topology: self.topology(),
            url,
        })
    }

    /// What must be there. By the default exchange a routing key names a queue.
    fn topology(&self) -> Topology {
        let keys = self.routing_keys.values().chain([&self.routing_key]);
        let keys: BTreeSet<String> = keys.cloned().collect();
        let (exchange, queues) = if self.exchange.is_empty() {
            (None, keys.iter().chain(&self.queue).cloned().collect())
        } else {
            let exchange = Some(self.exchange.clone());
            (exchange, self.queue.iter().cloned().collect())
        };
        let queues: BTreeSet<String> = queues;
        Topology {
            exchange,
            queues: queues.into_iter().collect(),
            routing_keys: keys.into_iter().collect(),
            declare: self.declare,
        }
    }

    /// The labels of the data classification extension.
    pub(crate) fn data_classification(&self) -> [&str; 3] {
        [&self.classification, &self.regulation, &self.category]
    }

    fn reach_problems(&self, problems: &mut Vec<Problem>) {
        if let Err(fault) = BrokerUrl::parse(&self.url) {
            let mend = match fault {
                BrokerUrlFault::Url(EndpointFault::Credentials) => {
                    "leave them out: state `user`, and `password` as a reference"
                }
                BrokerUrlFault::Url(EndpointFault::Query) => "leave it out: each has a key here",
                BrokerUrlFault::Plain => "use amqps; amqp is for a broker on this machine",
                BrokerUrlFault::Vhost => {
                    "leave the slash out for the virtual host /, or name one, %2f for a slash in it"
                }
                BrokerUrlFault::Scheme | BrokerUrlFault::Url(_) => {
                    "write it as amqps://host:5671/vhost"
                }
            };
            problems.push(Problem::new("url", fault.to_string(), mend));
        }
        if self.user.is_empty() {
            let mend = "name the user that the broker's operator made for this gateway";
            problems.push(Problem::new("user", "it is empty", mend));
        }
        config_rules::network_problems(&self.allow_networks, problems);
        let (certificate, key) = (self.client_certificate.as_ref(), self.client_key.as_ref());
        config_rules::identity_problems(certificate, key, problems);
    }

    fn name_problems(&self, problems: &mut Vec<Problem>) {
        let routing_key = [("routing_key", &self.routing_key)];
        let by_kind = self.routing_keys.values().map(|key| ("routing_keys", key));
        let queue = self.queue.iter().map(|queue| ("queue", queue));
        for (key, name) in routing_key.into_iter().chain(by_kind).chain(queue) {
            if name.is_empty() || !is_name(name) {
                let text = "it is empty, longer than 255 bytes, or holds a control character";
                problems.push(Problem::new(
                    key,
                    text,
                    "write the name as the broker has it",
                ));
            }
        }
        if !is_name(&self.exchange) {
            let text = "it is longer than 255 bytes, or holds a control character";
            let mend = "write the name as the broker has it; empty is the default exchange";
            problems.push(Problem::new("exchange", text, mend));
        }
        if self.declare && self.exchange.starts_with("amq.") {
            let text = "names that begin with amq. are the broker's own and cannot be declared";
            let mend = "choose another name, or leave `declare` out";
            problems.push(Problem::new("exchange", text, mend));
        }
        if self.declare && self.queue.is_none() && !self.exchange.is_empty() {
            let text = "an exchange without a queue would give every message back";
            let mend = "name the queue that is to be made, or leave `declare` out";
            problems.push(Problem::new("declare", text, mend));
        }
    }

    fn payload_problems(&self, problems: &mut Vec<Problem>) {
        let is_sealed = self.payload == Payload::Sealed;
        let keys = [
            ("seal_key", self.seal_key.is_some()),
            ("seal_key_id", self.seal_key_id.is_some()),
        ];
        for (key, is_stated) in keys {
            match (is_sealed, is_stated) {
                (true, false) => {
                    let text = "bodies are sealed, and it is not stated";
                    let mend = "state seal_key and seal_key_id, or payload = \"plain\" when the \
                                broker may see records";
                    problems.push(Problem::new(key, text, mend));
                }
                (false, true) => {
                    let text = "it has no meaning for a plain payload";
                    let mend = "leave it out, or leave `payload` out to seal bodies";
                    problems.push(Problem::new(key, text, mend));
                }
                (true, true) | (false, false) => {}
            }
        }
        let is_id = |id: &String| {
            (1..=KEY_ID_LENGTH_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
        };
        if self.seal_key_id.as_ref().is_some_and(|id| !is_id(id)) {
            let text = "it is empty, longer than 64 characters, or has others than letters, \
                        digits and signs";
            let mend = "name keys by the day that they began, as in \"2026-03-01\"";
            problems.push(Problem::new("seal_key_id", text, mend));
        }
    }
}

/// Whether a text can be a name of AMQP.
fn is_name(text: &str) -> bool {
    text.len() <= NAME_LENGTH_MAX && !text.contains(char::is_control)
}

impl AdapterConfig for AmqpConfig {
    fn recipient(&self) -> &str {
        &self.recipient
    }

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.reach_problems(&mut problems);
        self.name_problems(&mut problems);
        self.payload_problems(&mut problems);
        let confirm = self.confirm_timeout_s;
        let connect = self.connect_timeout_s;
        let age = (
            "retry_max_age_h",
            self.retry_max_age_h,
            config_rules::RETRY_MAX_AGE_H_MAX,
        );
        let numbers = [
            ("at_once", self.at_once as u64, AT_ONCE_MAX as u64),
            ("confirm_timeout_s", confirm, CONFIRM_TIMEOUT_S_MAX),
            ("connect_timeout_s", connect, CONFIRM_TIMEOUT_S_MAX),
            age,
        ];
        config_rules::number_problems(&numbers, &mut problems);
        config_rules::label_problems(self.data_classification(), &mut problems);
        problems
    }
}
