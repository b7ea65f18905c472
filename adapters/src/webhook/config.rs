//! The configuration of a webhook and what is wrong with it; what is done with it is in
//! `destination`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::adapter::{AdapterConfig, Problem};
use crate::config_rules;
use crate::endpoint::{Endpoint, EndpointFault};
use crate::http_client::client::HttpSettings;
use crate::limits::Limits;
use crate::standard_webhooks::SECRETS_MAX;

/// How many requests may be under way at once, unless stated.
pub const AT_ONCE: usize = 16;
/// How many requests may be under way at once at most.
const AT_ONCE_MAX: usize = 256;
/// The longest wait for a reply that can be asked for, in seconds.
const TIMEOUT_S_MAX: u64 = 120;
/// The highest rate, calls a second.
const RATE_MAX: u32 = 100_000;

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

const fn timeout_s() -> u64 {
    20
}

const fn connect_timeout_s() -> u64 {
    5
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
        let has_tls = Endpoint::parse(&self.url).is_ok_and(|endpoint| endpoint.has_tls);
        let files = || {
            config_rules::tls_files(
                folder,
                self.authorities.as_ref(),
                self.client_certificate.as_ref(),
                self.client_key.as_ref(),
            )
        };
        HttpSettings {
            filter: config_rules::address_filter(&self.allow_networks),
            tls: has_tls.then(files),
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
        config_rules::network_problems(&self.allow_networks, problems);
        let (certificate, key) = (self.client_certificate.as_ref(), self.client_key.as_ref());
        config_rules::identity_problems(certificate, key, problems);
    }

    fn number_problems(&self, problems: &mut Vec<Problem>) {
        let (rate, burst) = (self.rate_per_s.unwrap_or(1), self.burst.unwrap_or(1));
        let connect_most = self.timeout_s.clamp(1, TIMEOUT_S_MAX);
        let numbers = [
            ("at_once", self.at_once as u64, AT_ONCE_MAX as u64),
            ("timeout_s", self.timeout_s, TIMEOUT_S_MAX),
            ("connect_timeout_s", self.connect_timeout_s, connect_most),
            (
                "retry_max_age_h",
                self.retry_max_age_h,
                config_rules::RETRY_MAX_AGE_H_MAX,
            ),
            ("rate_per_s", rate.into(), RATE_MAX.into()),
            ("burst", burst.into(), RATE_MAX.into()),
        ];
        config_rules::number_problems(&numbers, problems);
        if self.burst.is_some() && self.rate_per_s.is_none() {
            let text = "a burst has no meaning without a rate";
            problems.push(Problem::new("burst", text, "state rate_per_s too"));
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
        config_rules::label_problems(self.data_classification(), &mut problems);
        problems
    }
}
