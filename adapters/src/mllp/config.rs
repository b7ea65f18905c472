//! The configuration of a receiver of HL7 v2 messages and what is wrong with it; what is done with
//! it is in `destination`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use isthmus_hl7v2::acknowledgment::AcknowledgmentCode;
use serde::Deserialize;

use crate::adapter::{AdapterConfig, Problem};
use crate::config_rules;
use crate::endpoint::EndpointFault;
use crate::hl7v2_message::header_keys::{self, HeaderKeys, ProcessingId};
use crate::hl7v2_message::template::Template;
use crate::limits::Limits;
use crate::mllp_client::settings::MllpSettings;
use crate::mllp_url::{MllpUrl, MllpUrlFault};

/// How many connections there are, unless stated: many receivers take one sender's messages by one.
pub const AT_ONCE: usize = 1;
/// How many connections there may be.
const AT_ONCE_MAX: usize = 64;
/// The longest wait that can be asked for, in seconds.
const TIMEOUT_S_MAX: u64 = 300;
/// MSH-15 and MSH-16 are there from this version on.
const WITH_ENHANCED: &str = "2.2";
/// The longest pause between attempts to reach a receiver.
const PAUSE_LONGEST: Duration = Duration::from_secs(30);
/// `acknowledgement` of a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acknowledgement {
    /// One answer, when the receiver is done (`AA`, `AE`, `AR`).
    #[default]
    Original,
    /// One answer, when the receiver has it stored (`CA`, `CE`, `CR`).
    Enhanced,
}

/// What an answer that is not positive leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// The record is tried again later, and the patient's later ones wait for it.
    Retry,
    /// The same, and everything to this recipient waits.
    Pause,
    /// The record is parked for a person.
    Refuse,
}

/// `adapter = "mllp"` of a destination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MllpDestinationConfig {
    /// The `id` of the recipient's policy.
    pub recipient: String,
    /// The receiver: `mllps://host:port`, or `mllp` on this machine.
    pub url: String,
    /// Networks that are not public and that the host may nevertheless lie in, `10.1.0.0/16`.
    #[serde(default)]
    pub allow_networks: Vec<String>,
    /// PEM file with the only authorities that are trusted; without it, those of the system. A
    /// relative path counts from the configuration's folder, here and below.
    pub authorities: Option<PathBuf>,
    /// PEM file with a certificate of our own, for a receiver that asks for one.
    pub client_certificate: Option<PathBuf>,
    /// PEM file with its key.
    pub client_key: Option<PathBuf>,
    /// MSH-3, components with `^` between them, here and below.
    pub sending_application: String,
    /// MSH-4.
    #[serde(default)]
    pub sending_facility: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-6.
    #[serde(default)]
    pub receiving_facility: String,
    /// MSH-12.
    #[serde(default = "header_keys::version")]
    pub version: String,
    /// MSH-11.
    #[serde(default)]
    pub processing_id: ProcessingId,
    /// MSH-18, a code of table 0211: `ASCII`, `UNICODE UTF-8`, `8859/1` and its like.
    pub charset: Option<String>,
    /// When the receiver answers.
    #[serde(default)]
    pub acknowledgement: Acknowledgement,
    /// What answers lead to, by MSA-1 (`AE`) or MSA-1 and condition (`AE-207`).
    #[serde(default)]
    pub answers: BTreeMap<String, Treatment>,
    /// How many connections there are, each with one message under way.
    #[serde(default = "at_once")]
    pub at_once: usize,
    /// The longest wait for an answer, in seconds.
    #[serde(default = "answer_timeout_s")]
    pub answer_timeout_s: u64,
    /// The longest wait for a connection, in seconds.
    #[serde(default = "connect_timeout_s")]
    pub connect_timeout_s: u64,
    /// How long a record is tried, in hours.
    #[serde(default = "config_rules::retry_max_age_h")]
    pub retry_max_age_h: u64,
}

const fn at_once() -> usize {
    AT_ONCE
}

const fn answer_timeout_s() -> u64 {
    30
}

const fn connect_timeout_s() -> u64 {
    5
}

impl MllpDestinationConfig {
    /// How long a record is tried.
    pub const fn retry_max_age(&self) -> Duration {
        Duration::from_hours(self.retry_max_age_h)
    }

    /// When the receiver is left alone.
    pub fn limits(&self) -> Limits {
        Limits {
            pause_longest: PAUSE_LONGEST,
            ..Limits::default()
        }
    }

    /// How the client connects; none when the URL is none. `folder` is the configuration's.
    pub fn client_settings(&self, folder: &Path) -> Option<MllpSettings> {
        let url = MllpUrl::parse(&self.url).ok()?;
        let files = || {
            config_rules::tls_files(
                folder,
                self.authorities.as_ref(),
                self.client_certificate.as_ref(),
                self.client_key.as_ref(),
            )
        };
        Some(MllpSettings {
            filter: config_rules::address_filter(&self.allow_networks),
            tls: url.has_tls.then(files),
            connect_timeout: Duration::from_secs(self.connect_timeout_s),
            answer_timeout: Duration::from_secs(self.answer_timeout_s),
            at_once: self.at_once,
            url,
        })
    }

    /// What is the same in every message, of a configuration without problems.
    pub(crate) fn template(&self) -> Result<Template, Problem> {
        Ok(Template {
            is_enhanced: self.acknowledgement == Acknowledgement::Enhanced,
            ..self.header_keys().template()?
        })
    }

    fn header_keys(&self) -> HeaderKeys<'_> {
        HeaderKeys {
            sending_application: &self.sending_application,
            sending_facility: &self.sending_facility,
            receiving_application: &self.receiving_application,
            receiving_facility: &self.receiving_facility,
            version: &self.version,
            processing_id: self.processing_id,
            charset: self.charset.as_deref(),
        }
    }

    fn reach_problems(&self, problems: &mut Vec<Problem>) {
        if let Err(fault) = MllpUrl::parse(&self.url) {
            let mend = match fault {
                MllpUrlFault::Url(EndpointFault::Credentials) => {
                    "leave them out: MLLP has none; a receiver knows us by client_certificate"
                }
                MllpUrlFault::Plain => "use mllps; mllp is for a receiver on this machine",
                MllpUrlFault::NoPort => "ask the receiver for its port and write it behind a colon",
                MllpUrlFault::Scheme | MllpUrlFault::Rest | MllpUrlFault::Url(_) => {
                    "write it as mllps://host:port"
                }
            };
            problems.push(Problem::new("url", fault.to_string(), mend));
        }
        config_rules::network_problems(&self.allow_networks, problems);
        let (certificate, key) = (self.client_certificate.as_ref(), self.client_key.as_ref());
        config_rules::identity_problems(certificate, key, problems);
    }

    fn acknowledgement_problems(&self, problems: &mut Vec<Problem>) {
        let keys = self.header_keys();
        let is_enhanced = self.acknowledgement == Acknowledgement::Enhanced;
        if keys.has_version() && is_enhanced && !keys.is_since(WITH_ENHANCED) {
            let text = "version 2.1 has no enhanced mode";
            let mend = "leave `acknowledgement` out, or state the receiver's version";
            problems.push(Problem::new("acknowledgement", text, mend));
        }
        for answer in self.answers.keys().filter(|answer| !is_answer(answer)) {
            let text = format!("\"{answer}\" is no answer that is not positive");
            let mend = "name AE, AR, CE or CR, with a condition of table 0357 as in \"AE-207\"";
            problems.push(Problem::new("answers", text, mend));
        }
    }
}

/// Whether a text is `AE`, `AE-207` or the like: an answer that is not positive.
fn is_answer(text: &str) -> bool {
    let (code, condition) = match text.split_once('-') {
        Some((code, condition)) => (code, Some(condition)),
        None => (text, None),
    };
    let is_number = |text: &str| {
        (1..=3).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'))
    };
    AcknowledgmentCode::from_text(code).is_some_and(|code| !code.is_positive())
        && condition.is_none_or(is_number)
}

impl AdapterConfig for MllpDestinationConfig {
    fn recipient(&self) -> &str {
        &self.recipient
    }

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.reach_problems(&mut problems);
        self.header_keys().problems(&mut problems);
        self.acknowledgement_problems(&mut problems);
        let age = config_rules::RETRY_MAX_AGE_H_MAX;
        let numbers = [
            ("at_once", self.at_once as u64, AT_ONCE_MAX as u64),
            ("answer_timeout_s", self.answer_timeout_s, TIMEOUT_S_MAX),
            ("connect_timeout_s", self.connect_timeout_s, TIMEOUT_S_MAX),
            ("retry_max_age_h", self.retry_max_age_h, age),
        ];
        config_rules::number_problems(&numbers, &mut problems);
        problems
    }
}
