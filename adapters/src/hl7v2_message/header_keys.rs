//! `HeaderKeys`, what configurations say of the header of HL7 v2 messages, and what is wrong with
//! it. The header itself is written in `template`.

use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::dictionary::versions;
use serde::Deserialize;

use crate::adapter::Problem;
use crate::hl7v2_message::template::Template;

/// The longest name in MSH-3 to MSH-6 (HD; 227 characters in version 2.5.1).
const NAME_LENGTH_MAX: usize = 227;
/// MSH-9.3 is there from this version on.
const WITH_STRUCTURE: &str = "2.3.1";
/// MSH-18 is there from this version on.
const WITH_CHARSET: &str = "2.3";
/// MSH-10 holds 199 characters from this version on.
const WITH_LONG_IDS: &str = "2.7";
/// How many it holds before.
const SHORT_ID_LENGTH: usize = 20;
/// How many it holds since.
const LONG_ID_LENGTH: usize = 199;

/// `processing_id` of a destination, MSH-11.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum ProcessingId {
    /// Production.
    #[default]
    P,
    /// Training.
    T,
    /// Debugging.
    D,
}

/// MSH-12 unless stated.
pub(crate) const VERSION: &str = "2.5.1";

/// The same, for serde.
pub(crate) fn version() -> String {
    VERSION.to_owned()
}

/// The keys of the header, as a configuration states them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeaderKeys<'k> {
    /// MSH-3, components with `^` between them, here and below.
    pub(crate) sending_application: &'k str,
    /// MSH-4.
    pub(crate) sending_facility: &'k str,
    /// MSH-5.
    pub(crate) receiving_application: &'k str,
    /// MSH-6.
    pub(crate) receiving_facility: &'k str,
    /// MSH-12.
    pub(crate) version: &'k str,
    /// MSH-11.
    pub(crate) processing_id: ProcessingId,
    /// MSH-18, a code of table 0211.
    pub(crate) charset: Option<&'k str>,
}

/// The place of a version among those that are known, oldest first.
fn age(version: &str) -> Option<usize> {
    versions().iter().position(|known| *known == version)
}

impl HeaderKeys<'_> {
    /// What is the same in every message, of a configuration without problems.
    pub(crate) fn template(&self) -> Result<Template, Problem> {
        let charset_name = self.charset_name();
        let charset = self.charset()?;
        let is_ascii = charset == Charset::ASCII;
        let control_id_length = if self.is_since(WITH_LONG_IDS) {
            LONG_ID_LENGTH
        } else {
            SHORT_ID_LENGTH
        };
        Ok(Template {
            names: self.names().map(|(_, name)| name.to_owned()),
            processing: match self.processing_id {
                ProcessingId::P => "P",
                ProcessingId::T => "T",
                ProcessingId::D => "D",
            },
            version: self.version.to_owned(),
            has_structure: self.is_since(WITH_STRUCTURE),
            control_id_length,
            is_enhanced: false,
            charset_name: if is_ascii { "" } else { charset_name }.to_owned(),
            charset,
        })
    }

    /// Whether the version is one that is known.
    pub(crate) fn has_version(&self) -> bool {
        age(self.version).is_some()
    }

    /// Whether the version is this one or a later one.
    pub(crate) fn is_since(&self, version: &str) -> bool {
        age(self.version) >= age(version)
    }

    /// UTF-8 where a message can say so; ASCII is what an older one is.
    fn charset_name(&self) -> &str {
        let usual = if self.is_since(WITH_CHARSET) {
            "UNICODE UTF-8"
        } else {
            "ASCII"
        };
        self.charset.unwrap_or(usual)
    }

    fn names(&self) -> [(&'static str, &str); 4] {
        [
            ("sending_application", self.sending_application),
            ("sending_facility", self.sending_facility),
            ("receiving_application", self.receiving_application),
            ("receiving_facility", self.receiving_facility),
        ]
    }

    /// Everything that is wrong with them.
    pub(crate) fn problems(&self, problems: &mut Vec<Problem>) {
        for (key, name) in self.names() {
            if !is_name(name) {
                let text = "it is longer than 227 characters, has more than three components, or \
                            holds one of | ~ \\ & \" or what is not ASCII";
                let mend = "write it as MSH carries it, as in \"ISTHMUS\" or \"LAB^1.2.3^ISO\"";
                problems.push(Problem::new(key, text, mend));
            }
        }
        for (key, name) in self.names() {
            if name.is_empty() && key.ends_with("application") {
                let mend = "name the application as the receiver knows it";
                problems.push(Problem::new(key, "it is empty", mend));
            }
        }
        if !self.has_version() {
            let text = format!(
                "there is no version of HL7 v2 that is known by this name; there \
                                are {}",
                versions().join(", ")
            );
            problems.push(Problem::new(
                "version",
                text,
                "write it as MSH-12 carries it",
            ));
            return;
        }
        problems.extend(self.charset().err());
    }

    fn charset(&self) -> Result<Charset, Problem> {
        let name = self.charset_name();
        let is_one = ["ASCII", "UNICODE UTF-8"].contains(&name) || name.starts_with("8859/");
        let charset = Charset::named(name).filter(|_| is_one).ok_or_else(|| {
            let text = "it is no character set that messages can be sent in";
            let mend = "write ASCII, UNICODE UTF-8, or 8859/1 and its like (table 0211)";
            Problem::new("charset", text, mend)
        })?;
        if charset != Charset::ASCII && !self.is_since(WITH_CHARSET) {
            let text = "a message before version 2.3 cannot say its character set";
            let mend = "leave it out, or state the receiver's version";
            return Err(Problem::new("charset", text, mend));
        }
        Ok(charset)
    }
}

/// Whether a text can be a name in MSH-3 to MSH-6 as it is.
fn is_name(text: &str) -> bool {
    let is_part =
        |byte: u8| (byte.is_ascii_graphic() || byte == b' ') && !b"|~\\&\"".contains(&byte);
    text.len() <= NAME_LENGTH_MAX
        && text.bytes().all(is_part)
        && text.bytes().filter(|byte| *byte == b'^').count() <= 2
}
