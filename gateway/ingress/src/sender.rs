//! `Sender`, what the configuration says of one sending system. Recognising it on a connection is
//! done in `sender_binding`, using its zone and authority in the maps.

use std::fmt;
use std::sync::Arc;

use isthmus_core::id::SenderId;
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use isthmus_hl7v2::profile::Profile;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

use crate::acknowledgement_table::AcknowledgementTable;
use crate::answer_route::AnswerRouteConfig;
use crate::event_pattern::EventPattern;
use crate::network::Network;
use crate::peer::CertificateName;
use crate::profile_failure::ProfileFailure;
use crate::structure_rules::StructureRules;

/// One `[[sender]]` of the configuration.
///
/// A peer is this sender when it meets what is stated: one of `certificates` if there are any,
/// *and* one of `networks` if there are any. A file is from it when it lies in one of `folders`. At
/// least one of the three must be stated.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// Its id: lower-case letters, digits and hyphens, at most 64.
    #[serde(deserialize_with = "sender_id")]
    pub id: SenderId,
    /// The certificates it may present, see [`CertificateName`].
    #[serde(default)]
    pub certificates: Vec<CertificateName>,
    /// The networks it may come from.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// The folders that its files come in by, by their names.
    #[serde(default)]
    pub folders: Vec<String>,
    /// The sending applications it may name: first component of MSH-3, exactly as sent. `""` stands
    /// for a sender that leaves the field empty; there is no wildcard.
    pub applications: Vec<String>,
    /// The sending facilities it may name: first component of MSH-4, likewise.
    pub facilities: Vec<String>,
    /// The messages it may send (MSH-9): `ADT^A01`, or `ORU^*` for all events of a type.
    pub events: Vec<EventPattern>,
    /// The authorities whose patient identifiers it may send.
    pub authorities: Authorities,
    /// The charset of messages that declare none in MSH-18, by its name in HL7 table 0211.
    pub default_charset: String,
    /// The charset of all its messages, for a sender whose MSH-18 is wrong; it wins over MSH-18.
    #[serde(default)]
    pub charset_override: Option<String>,
    /// What becomes of bytes that are not of the charset.
    #[serde(default)]
    pub charset_errors: CharsetErrors,
    /// The time zone of times without an offset, by its IANA name.
    pub zone: String,
    /// The assigning authority of identifiers that name none.
    pub default_authority: String,
    /// Whether it numbers its messages in MSH-13 and wants the expected number in MSA-4 (HL7 v2.5.1
    /// chapter 2, section 2.10.1).
    #[serde(default)]
    pub sequence_numbers: bool,
    /// The profile that its messages are held to, by its name.
    #[serde(default)]
    pub profile: Option<String>,
    /// What becomes of messages that are not as the profile asks; they are reported unless told.
    #[serde(default)]
    pub profile_failure: Option<ProfileFailure>,
    /// The profile itself, once it was read.
    #[serde(skip)]
    pub asked: Option<Arc<Profile>>,
    /// The structures of its messages where MSH-9 names none, or a wrong one.
    #[serde(default)]
    pub structures: StructureRules,
    /// What it is told on which condition.
    #[serde(default)]
    pub acknowledge: AcknowledgementTable,
    /// How the application acknowledgements that it asks for in MSH-16 reach it.
    #[serde(default)]
    pub application_acknowledgements: AnswerRouteConfig,
}

impl Sender {
    /// Whether it may name this sending application and facility.
    pub fn may_name(&self, application: &str, facility: &str) -> bool {
        let holds = |names: &[String], name: &str| names.iter().any(|own| own == name);
        holds(&self.applications, application) && holds(&self.facilities, facility)
    }

    /// How its messages are decoded. Names that are no charset do not load.
    pub fn charset_rules(&self) -> CharsetRules {
        CharsetRules {
            default: Charset::named(&self.default_charset).unwrap_or(Charset::ASCII),
            overriding: self.charset_override.as_deref().and_then(Charset::named),
            malformed: match self.charset_errors {
                CharsetErrors::Reject => Malformed::Reject,
                CharsetErrors::Replace => Malformed::Replace,
            },
        }
    }

    /// Whether it may send this message type and trigger event.
    pub fn may_send(&self, code: &str, event: &str) -> bool {
        self.events
            .iter()
            .any(|pattern| pattern.admits(code, event))
    }
}

fn sender_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SenderId, D::Error> {
    let text = String::deserialize(deserializer)?;
    let usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > 64 || !text.bytes().all(usual) {
        return Err(D::Error::custom(
            "a sender's id is made of lower-case letters, digits and hyphens, at most 64",
        ));
    }
    Ok(SenderId::new(&text))
}

/// What becomes of bytes that are not of a message's charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CharsetErrors {
    /// The message is refused.
    #[default]
    Reject,
    /// Each is replaced by U+FFFD, counted, and told of; what stood there is lost.
    Replace,
}

/// The assigning authorities whose identifiers a sender may use for patients: `"any"`, said
/// expressly, or a list of namespace ids or universal ids (PID-3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorities {
    /// Not checked.
    Any,
    /// These, exactly as sent; identifiers that name none count as the default authority's.
    Listed(Vec<String>),
}

impl Authorities {
    /// Whether an identifier may name this authority, by its namespace id or, without one, by its
    /// universal id.
    pub fn admit(&self, authority: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(names) => names.iter().any(|own| own == authority),
        }
    }
}

impl<'de> Deserialize<'de> for Authorities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AuthoritiesVisitor)
    }
}

struct AuthoritiesVisitor;

impl<'de> Visitor<'de> for AuthoritiesVisitor {
    type Value = Authorities;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of assigning authorities, or \"any\" when none shall be checked")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Authorities, E> {
        match text {
            "any" => Ok(Authorities::Any),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Authorities, A::Error> {
        let mut listed = Vec::new();
        while let Some(name) = names.next_element::<String>()? {
            listed.push(name);
        }
        Ok(Authorities::Listed(listed))
    }
}
