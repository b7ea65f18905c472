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

/// The longest wait for one step that can be asked for, in seconds.
const TIMEOUT_S_MAX: u64 = 300;
/// The longest pause between attempts.
const PAUSE_LONGEST: Duration = Duration::from_secs(30);
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
    /// The longest wait for a file to be in its place, in seconds.
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

    /// The longest wait for a file to be in its place.
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

    fn place_problems(&self, problems: &mut Vec<Problem>) {
        let is_named = |folder: &PathBuf| !folder.as_os_str().is_empty();
        if !self.folder.as_ref().is_some_and(is_named) {
            let mend = "name the folder that files are dropped into";
            problems.push(Problem::new("folder", "there is no folder", mend));
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
