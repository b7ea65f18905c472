//! The configuration of a webhook and what is wrong with it; what is done with it is in
//! `destination`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::adapter::{AdapterConfig, Problem};
use crate::endpoint::{Endpoint, EndpointFault};
use crate::http_client::address_filter::AddressFilter;
use crate::http_client::certificates::{ClientIdentity, TlsFiles};
use crate::http_client::client::HttpSettings;
use crate::limits::Limits;
use crate::network::Network;
use crate::standard_webhooks::SECRETS_MAX;

/// How many requests may be under way at once, unless stated.
pub const AT_ONCE: usize = 16;
/// How many requests may be under way at once at most.
const AT_ONCE_MAX: usize = 256;
/// The longest wait for a reply that can be asked for, in seconds.
const TIMEOUT_S_MAX: u64 = 120;
/// The longest that a record can be tried, in hours: a month.
const RETRY_MAX_AGE_H_MAX: u64 = 744;
/// The highest rate, calls a second.
const RATE_MAX: u32 = 100_000;
/// The longest label of the data classification.
const LABEL_LENGTH_MAX: usize = 64;

/// `adapter = "webhook"` of a destination.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The `id` of the recipient's policy.
    pub recipient: String,
    /// Where requests go: `https`, or `http` on this machine; without credentials or query.
    pub url: String,
    /// References to the secrets that requests are signed with, the newest first, at most two.
    pub secrets: Vec<String>,
    /// Networks that are not public and that the host may nevertheless lie in, `10.1.0.0/16`.
    #[serde(default)]
    pub allow_networks: Vec<String>,
    /// PEM file with the only authorities that are trusted; without it, those of the system. A
    /// relative path counts from the configuration's folder, here and below.
    pub authorities: Option<PathBuf>,
    /// PEM file with a certificate of our own, for a recipient that asks for one.
    pub client_certificate: Option<PathBuf>,
    /// PEM file with its key.
    pub client_key: Option<PathBuf>,
    /// At most this many requests a second in the long run; without it, as many as there are.
    pub rate_per_s: Option<u32>,
    /// How many requests may begin at once after a quiet time; without it, as many as a second's.
    pub burst: Option<u32>,
    /// How many requests may be under way at once.
    #[serde(default = "at_once")]
    pub at_once: usize,
    /// The longest wait for a reply, in seconds.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
    /// The longest wait for a connection, in seconds.
    #[serde(default = "connect_timeout_s")]
    pub connect_timeout_s: u64,
    /// How long a record is tried, in hours.
    #[serde(default = "retry_max_age_h")]
    pub retry_max_age_h: u64,
    /// `dataclassification` of every event.
    #[serde(default = "classification")]
    pub classification: String,
    /// `dataregulation` of every event, separated by commas.
    #[serde(default = "regulation")]
    pub regulation: String,
    /// `datacategory` of every event.
    #[serde(default = "category")]
    pub category: String,
}

const fn at_once() -> usize {
    AT_ONCE
}

const fn timeout_s() -> u64 {
    20
}

const fn connect_timeout_s() -> u64 {
    5
}

const fn retry_max_age_h() -> u64 {
    72
}

/// HIPAA has no labels of its own, so one of the four that the extension recommends.
fn classification() -> String {
    "restricted".to_owned()
}

fn regulation() -> String {
    "HIPAA".to_owned()
}

fn category() -> String {
    "phi".to_owned()
}

/// Somebody may have written a secret where a reference belongs.
impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig")
            .field("recipient", &self.recipient)
            .field("url", &self.url)
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}

impl WebhookConfig {
    /// How long a record is tried.
    pub const fn retry_max_age(&self) -> Duration {
        Duration::from_hours(self.retry_max_age_h)
    }

    /// How fast the recipient is served.
    pub fn limits(&self) -> Limits {
        Limits {
            rate_per_s: self.rate_per_s,
            burst: self.burst.or(self.rate_per_s).unwrap_or(1),
            ..Limits::default()
        }
    }

    /// How the client connects. `folder` is the configuration's.
    pub fn http_settings(&self, folder: &Path) -> HttpSettings {
        let path = |path: &PathBuf| folder.join(path);
        let identity = self
            .client_certificate
            .as_ref()
            .zip(self.client_key.as_ref());
        let identity = identity.map(|(certificate, key)| ClientIdentity {
            certificate: path(certificate),
            key: path(key),
        });
        let has_tls = Endpoint::parse(&self.url).is_ok_and(|endpoint| endpoint.has_tls);
        let networks = self.allow_networks.iter();
        let networks = networks.filter_map(|network| network.parse().ok());
        HttpSettings {
            filter: AddressFilter::new(networks.collect()),
            tls: has_tls.then(|| TlsFiles {
                authorities: self.authorities.as_ref().map(path),
                identity,
            }),
            connect_timeout: Duration::from_secs(self.connect_timeout_s),
            timeout: Duration::from_secs(self.timeout_s),
            idle_max: self.at_once,
        }
    }

    /// The labels of the data classification extension.
    pub(crate) fn data_classification(&self) -> [&str; 3] {
        [&self.classification, &self.regulation, &self.category]
    }

    fn reach_problems(&self, problems: &mut Vec<Problem>) {
        if let Err(fault) = Endpoint::parse(&self.url) {
            let mend = match fault {
                EndpointFault::Credentials | EndpointFault::Query => {
                    "leave it out: requests are signed, and a URL is shown in logs"
                }
                EndpointFault::Plain => "use https; http is for a recipient on this machine",
                EndpointFault::Scheme
                | EndpointFault::Character
                | EndpointFault::Fragment
                | EndpointFault::Host
                | EndpointFault::Port => "write it as https://host/path",
            };
            problems.push(Problem::new("url", fault.to_string(), mend));
        }
        for network in &self.allow_networks {
            if let Err(fault) = network.parse::<Network>() {
                let text = format!("\"{network}\": {fault}");
                let mend = "write it as the first address, a slash and the length";
                problems.push(Problem::new("allow_networks", text, mend));
            }
        }
        if self.client_certificate.is_some() != self.client_key.is_some() {
            let (key, text) = if self.client_key.is_some() {
                ("client_key", "there is a key without its certificate")
            } else {
                (
                    "client_certificate",
                    "there is a certificate without its key",
                )
            };
            let mend = "state both client_certificate and client_key, or neither";
            problems.push(Problem::new(key, text, mend));
        }
    }

    fn number_problems(&self, problems: &mut Vec<Problem>) {
        let mut within = |key, value: u64, most: u64| {
            if !(1..=most).contains(&value) {
                let text = format!("{value} is not between 1 and {most}");
                problems.push(Problem::new(key, text, "state a number between them"));
            }
        };
        let (rate, burst) = (self.rate_per_s.unwrap_or(1), self.burst.unwrap_or(1));
        within("at_once", self.at_once as u64, AT_ONCE_MAX as u64);
        within("timeout_s", self.timeout_s, TIMEOUT_S_MAX);
        let connect_most = self.timeout_s.clamp(1, TIMEOUT_S_MAX);
        within("connect_timeout_s", self.connect_timeout_s, connect_most);
        within("retry_max_age_h", self.retry_max_age_h, RETRY_MAX_AGE_H_MAX);
        within("rate_per_s", rate.into(), RATE_MAX.into());
        within("burst", burst.into(), RATE_MAX.into());
        if self.burst.is_some() && self.rate_per_s.is_none() {
            let text = "a burst has no meaning without a rate";
            problems.push(Problem::new("burst", text, "state rate_per_s too"));
        }
    }

    /// See `cloudevents/extensions/data-classification.md` of the `CloudEvents` specification.
    fn label_problems(&self, problems: &mut Vec<Problem>) {
        let labels = [
            ("classification", &self.classification),
            ("regulation", &self.regulation),
            ("category", &self.category),
        ];
        for (key, label) in labels {
            let is_label = !label.is_empty()
                && label.len() <= LABEL_LENGTH_MAX
                && label.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_label {
                let text = "it is no label: empty, too long, or with spaces";
                let mend = "use letters, digits and hyphens, as in \"restricted\"";
                problems.push(Problem::new(key, text, mend));
            }
        }
    }
}

impl AdapterConfig for WebhookConfig {
    fn recipient(&self) -> &str {
        &self.recipient
    }

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.reach_problems(&mut problems);
        if !(1..=SECRETS_MAX).contains(&self.secrets.len()) {
            let text = format!("there are {} secrets", self.secrets.len());
            let mend = "refer to one secret, or to the new and the old one while they change";
            problems.push(Problem::new("secrets", text, mend));
        }
        self.number_problems(&mut problems);
        self.label_problems(&mut problems);
        problems
    }
}
