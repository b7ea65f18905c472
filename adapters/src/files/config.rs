//! The configuration of a recipient of files and what is wrong with it; what is done with it is in
//! `destination`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::adapter::{AdapterConfig, Problem};
use crate::config_rules;
use crate::files::request::Content;
use crate::files::terminator::Terminator;
use crate::hl7v2_message::header_keys::{HeaderKeys, ProcessingId, VERSION};
use crate::limits::Limits;
use crate::sftp_client::settings::SftpSettings;
use crate::sftp_client::ssh_keys::{ClientKey, HostKeys};
use crate::sftp_url::{SftpUrl, SftpUrlFault};

/// The longest wait for one step that can be asked for, in seconds.
const TIMEOUT_S_MAX: u64 = 300;
/// The longest wait for a connection, unless stated: a login takes its time.
const CONNECT_TIMEOUT_S: u64 = 10;
/// How many connections there may be: servers let few in.
const AT_ONCE_MAX: usize = 16;
/// The longest pause between attempts.
const PAUSE_LONGEST: Duration = Duration::from_secs(30);
/// How a host key is come by.
const HOST_KEY_MEND: &str = "ask the server's operator for its key, or compare the fingerprint of \
                             what `ssh-keyscan -t ed25519 HOST` prints, and write what stands \
                             behind the name, as in \"ssh-ed25519 AAAA..\"";
/// What the owner of a file may do at least.
const OWNER: u32 = 0o600;
/// What a mode may grant beside that.
const GROUP: u32 = 0o060;

/// `form` of a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Each file is an HL7 v2 message.
    #[default]
    Hl7v2,
    /// Each file is a record as JSON, as a line of the adapter `ndjson-folder` is.
    Json,
}

/// `adapter = "files"` of a destination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesConfig {
    /// The `id` of the recipient's policy.
    pub recipient: String,
    /// The folder that files are dropped into. It is never made, for it may be a mount that is not
    /// there. A relative path counts from the configuration's folder.
    pub folder: Option<PathBuf>,
    /// In place of a folder, `sftp://user@host:port/folder`.
    pub sftp: Option<String>,
    /// The keys by which the server proves that it is the one, `ssh-ed25519 AAAA..`. This and what
    /// follows up to `at_once` is for `sftp` alone.
    #[serde(default)]
    pub host_keys: Vec<String>,
    /// A reference to the private key by which we prove who we are.
    pub ssh_key: Option<String>,
    /// Networks that are not public and that the host may nevertheless lie in, `10.1.0.0/16`.
    #[serde(default)]
    pub allow_networks: Vec<String>,
    /// The longest wait for a connection that is ready, in seconds.
    pub connect_timeout_s: Option<u64>,
    /// How many connections there are, each with one file under way.
    pub at_once: Option<usize>,
    /// What a file holds.
    #[serde(default)]
    pub form: Form,
    /// What stands behind each segment of a message.
    pub terminator: Option<Terminator>,
    /// Who may read a file, in octal.
    #[serde(default = "mode")]
    pub mode: String,
    /// MSH-3, components with `^` between them, here and below. All of MSH is for messages alone.
    pub sending_application: Option<String>,
    /// MSH-4.
    pub sending_facility: Option<String>,
    /// MSH-5.
    pub receiving_application: Option<String>,
    /// MSH-6.
    pub receiving_facility: Option<String>,
    /// MSH-12.
    pub version: Option<String>,
    /// MSH-11.
    pub processing_id: Option<ProcessingId>,
    /// MSH-18, a code of table 0211: `ASCII`, `UNICODE UTF-8`, `8859/1` and its like.
    pub charset: Option<String>,
    /// The longest wait for one answer of a server, or for a file to be in its place in a folder,
    /// in seconds.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
    /// How long a record is tried, in hours.
    #[serde(default = "config_rules::retry_max_age_h")]
    pub retry_max_age_h: u64,
}

fn mode() -> String {
    "0640".to_owned()
}

const fn timeout_s() -> u64 {
    30
}

impl FilesConfig {
    /// How long a record is tried.
    pub const fn retry_max_age(&self) -> Duration {
        Duration::from_hours(self.retry_max_age_h)
    }

    /// The longest wait for an answer, or for a file to be in its place.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    /// When the recipient is left alone.
    pub fn limits(&self) -> Limits {
        Limits {
            pause_longest: PAUSE_LONGEST,
            ..Limits::default()
        }
    }

    /// Who may read a file, as the bits of its mode; none when it is no mode.
    pub fn mode_bits(&self) -> Option<u32> {
        let is_octal = self.mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let is_one = is_octal && (3..=4).contains(&self.mode.len());
        let bits = u32::from_str_radix(&self.mode, 8).ok();
        bits.filter(|bits| is_one && bits & OWNER == OWNER && bits & !(OWNER | GROUP) == 0)
    }

    /// How many files may be under way at once.
    pub fn at_once(&self) -> usize {
        self.at_once.unwrap_or(1)
    }

    /// How the client of a server connects, by our private key; none when there is no server, or
    /// what is told of it is wrong.
    pub fn sftp_settings(&self, key: ClientKey) -> Option<SftpSettings> {
        let connect = self.connect_timeout_s.unwrap_or(CONNECT_TIMEOUT_S);
        Some(SftpSettings {
            url: SftpUrl::parse(self.sftp.as_ref()?).ok()?,
            filter: config_rules::address_filter(&self.allow_networks),
            host_keys: HostKeys::parse(&self.host_keys).ok()?,
            key,
            mode: self.mode_bits()?,
            connect_timeout: Duration::from_secs(connect),
            answer_timeout: self.timeout(),
            at_once: self.at_once(),
        })
    }

    /// What files hold, by a configuration without problems.
    pub(crate) fn content(&self) -> Result<Content, Problem> {
        Ok(match self.form {
            Form::Json => Content::Json,
            Form::Hl7v2 => {
                let template = self.header_keys().template()?;
                Content::Hl7v2(template, self.terminator.unwrap_or_default())
            }
        })
    }

    fn header_keys(&self) -> HeaderKeys<'_> {
        HeaderKeys {
            sending_application: self.sending_application.as_deref().unwrap_or_default(),
            sending_facility: self.sending_facility.as_deref().unwrap_or_default(),
            receiving_application: self.receiving_application.as_deref().unwrap_or_default(),
            receiving_facility: self.receiving_facility.as_deref().unwrap_or_default(),
            version: self.version.as_deref().unwrap_or(VERSION),
            processing_id: self.processing_id.unwrap_or_default(),
            charset: self.charset.as_deref(),
        }
    }

    /// Keys that say something of messages, where there are none.
    fn message_key_problems(&self, problems: &mut Vec<Problem>) {
        let stated = [
            ("terminator", self.terminator.is_some()),
            ("sending_application", self.sending_application.is_some()),
            ("sending_facility", self.sending_facility.is_some()),
            (
                "receiving_application",
                self.receiving_application.is_some(),
            ),
            ("receiving_facility", self.receiving_facility.is_some()),
            ("version", self.version.is_some()),
            ("processing_id", self.processing_id.is_some()),
            ("charset", self.charset.is_some()),
        ];
        for (key, _) in stated.iter().filter(|(_, is_stated)| *is_stated) {
            let text = "it is about HL7 v2 messages, and the files are JSON";
            let mend = "leave it out, or write form = \"hl7v2\"";
            problems.push(Problem::new(key, text, mend));
        }
    }

    /// Keys that say something of a server, where there is none.
    fn server_key_problems(&self, problems: &mut Vec<Problem>) {
        let stated = [
            ("host_keys", !self.host_keys.is_empty()),
            ("ssh_key", self.ssh_key.is_some()),
            ("allow_networks", !self.allow_networks.is_empty()),
            ("connect_timeout_s", self.connect_timeout_s.is_some()),
            ("at_once", self.at_once.is_some()),
        ];
        for (key, _) in stated.iter().filter(|(_, is_stated)| *is_stated) {
            let text = "it is about a server, and files go into a folder of this machine";
            let mend = "leave it out, or write sftp in place of folder";
            problems.push(Problem::new(key, text, mend));
        }
    }

    fn server_problems(&self, url: &str, problems: &mut Vec<Problem>) {
        if let Err(fault) = SftpUrl::parse(url) {
            let mend = match fault {
                SftpUrlFault::Password => "leave it out: we prove who we are by ssh_key",
                SftpUrlFault::Scheme
                | SftpUrlFault::NoUser
                | SftpUrlFault::NoFolder
                | SftpUrlFault::Folder
                | SftpUrlFault::Url(_) => "write it as sftp://user@host:22/folder",
            };
            problems.push(Problem::new("sftp", fault.to_string(), mend));
        }
        if self.host_keys.is_empty() {
            let text = "no key says which server is the right one";
            problems.push(Problem::new("host_keys", text, HOST_KEY_MEND));
        } else if let Err(fault) = HostKeys::parse(&self.host_keys) {
            problems.push(Problem::new("host_keys", fault.to_string(), HOST_KEY_MEND));
        }
        if self.ssh_key.is_none() {
            let text = "nothing proves who we are";
            let mend = "refer to a private key, as in ssh_key = \"${file:secrets/registry-sftp}\"";
            problems.push(Problem::new("ssh_key", text, mend));
        }
        config_rules::network_problems(&self.allow_networks, problems);
        let connect = self.connect_timeout_s.unwrap_or(CONNECT_TIMEOUT_S);
        let numbers = [
            ("connect_timeout_s", connect, TIMEOUT_S_MAX),
            ("at_once", self.at_once() as u64, AT_ONCE_MAX as u64),
        ];
        config_rules::number_problems(&numbers, problems);
    }

    fn place_problems(&self, problems: &mut Vec<Problem>) {
        match (&self.folder, &self.sftp) {
            (Some(folder), None) if !folder.as_os_str().is_empty() => {
                self.server_key_problems(problems);
            }
            (None, Some(url)) => self.server_problems(url, problems),
            (Some(_), Some(_)) => {
                let text = "there are a folder and a server";
                let mend = "state folder or sftp; each place is a destination";
                problems.push(Problem::new("sftp", text, mend));
            }
            (Some(_) | None, None) => {
                let mend = "name the folder that files are dropped into, or a server with sftp";
                problems.push(Problem::new("folder", "there is no folder", mend));
            }
        }
        if self.mode_bits().is_none() {
            let text = format!("\"{}\" is no mode that a file may have", self.mode);
            let mend =
                "write \"0600\", \"0640\" or \"0660\": others than owner and group never read";
            problems.push(Problem::new("mode", text, mend));
        }
    }
}

impl AdapterConfig for FilesConfig {
    fn recipient(&self) -> &str {
        &self.recipient
    }

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.place_problems(&mut problems);
        match self.form {
            Form::Hl7v2 => self.header_keys().problems(&mut problems),
            Form::Json => self.message_key_problems(&mut problems),
        }
        let age = config_rules::RETRY_MAX_AGE_H_MAX;
        let numbers = [
            ("timeout_s", self.timeout_s, TIMEOUT_S_MAX),
            ("retry_max_age_h", self.retry_max_age_h, age),
        ];
        config_rules::number_problems(&numbers, &mut problems);
        problems
    }
}
