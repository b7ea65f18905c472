//! How a patient is told apart without being named: the identifier a message carries and the keyed
//! digests made of it; matching one person's several identifiers is not done here.

use std::fmt;

use aws_lc_rs::hmac;
use isthmus_hl7v2::field::Field;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::value::identifier::Identifier;

use crate::address::AddressDigest;
use crate::id::{DeliveryId, FlowId, MessageId, SenderId, SubjectKey};
use crate::phi::Phi;

/// A patient identifier together with the authority that assigned it (PID-3.4 and PID-3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectIdentifier {
    /// The assigning authority: PID-3.4.1, else PID-3.4.2, else the sender's default.
    pub authority: String,
    /// The identifier itself.
    pub value: Phi<String>,
}

/// Makes the digests by which the gateway knows patients and messages. The key never leaves the
/// gateway, so nobody can find a patient by trying all record numbers.
#[derive(Clone)]
pub struct Digester(hmac::Key);

impl Digester {
    /// A digester over a 32-byte secret that must stay the same for the life of a store.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The key of a patient.
    pub fn subject(&self, identifier: &SubjectIdentifier) -> SubjectKey {
        let value = identifier.value.reveal().as_bytes();
        SubjectKey::from_bytes(self.digest(b"subject", &[identifier.authority.as_bytes(), value]))
    }

    /// The id of a message: the same sender, control id and bytes give the same id.
    pub fn message(&self, sender: &SenderId, control_id: &[u8], content: &[u8]) -> MessageId {
        let parts = [sender.as_str().as_bytes(), control_id, content];
        MessageId::from_bytes(self.digest(b"message", &parts))
    }

    /// A digest of sender and control id alone, by which a reused control id is noticed.
    pub fn control_id(&self, sender: &SenderId, control_id: &[u8]) -> [u8; 16] {
        self.digest(b"control", &[sender.as_str().as_bytes(), control_id])
    }

    /// The id of the `index`-th record that a flow gets of the `subject`-th patient of a message.
    /// It does not hang on what the flow gets of the others, which may be more or less when the
    /// message is decided upon again.
    pub fn delivery(
        &self,
        message: &MessageId,
        flow: &FlowId,
        subject: u32,
        index: u32,
    ) -> DeliveryId {
        let (subject, index) = (subject.to_be_bytes(), index.to_be_bytes());
        let parts: [&[u8]; 4] = [
            message.as_bytes(),
            flow.as_str().as_bytes(),
            &index,
            &subject,
        ];
        // The first patient's ids are as they were when messages were about one alone.
        let told = if subject == [0; 4] { 3 } else { 4 };
        let parts = parts.iter().take(told).copied().collect::<Vec<_>>();
        DeliveryId::from_bytes(self.digest(b"delivery", &parts))
    }

    /// The digest of an address in its one form, see [`crate::address::normalised`].
    pub fn address(&self, normalised: &str) -> AddressDigest {
        AddressDigest::from_bytes(self.digest(b"address", &[normalised.as_bytes()]))
    }

    /// By what a file that came in is named in logs, for its own name may hold patient data.
    pub fn file(&self, folder: &str, name: &[u8]) -> [u8; 16] {
        self.digest(b"file", &[folder.as_bytes(), name])
    }

    /// HMAC-SHA-256 over the kind and the parts, each after its length, cut to 128 bits.
    fn digest(&self, kind: &[u8], parts: &[&[u8]]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in std::iter::once(&kind).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut digest = [0; 16];
        for (to, from) in digest.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        digest
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digester(..)")
    }
}

/// The one patient that a message is about: of each PID, the first PID-3 repetition of type `MR`,
/// else the first with an identifier. None when there is no identifier or a damaged one, or when
/// the message is about several patients (PIDs that differ, or an MRG, which merges two).
pub fn subject_of(message: &Message, default_authority: &str) -> Option<SubjectIdentifier> {
    let mut subject = None;
    for segment in message.segments() {
        match segment.name().as_str() {
            "MRG" => return None,
            "PID" => {
                let found = identifier(segment.field(3), default_authority)?;
                if *subject.get_or_insert_with(|| found.clone()) != found {
                    return None;
                }
            }
            _ => {}
        }
    }
    subject
}

fn identifier(field: Field<'_>, default_authority: &str) -> Option<SubjectIdentifier> {
    let candidates = || {
        let all = field.repetitions().map(Identifier::from);
        all.filter(|one| one.id().value().is_some())
    };
    let is_record_number = |one: &Identifier<'_>| one.type_code().value().as_deref() == Some("MR");
    let chosen = candidates()
        .find(is_record_number)
        .or_else(|| candidates().next())?;
    let authority = chosen.assigning_authority().name();
    let authority = authority.as_deref().unwrap_or(default_authority);
    let value = chosen.id().value()?;
    // Of bytes that could not be read: two patients may look the same.
    let is_damaged = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
    if is_damaged(&value) || is_damaged(authority) {
        return None;
    }
    Some(SubjectIdentifier {
        authority: authority.to_owned(),
        value: Phi::new(value.into_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(pid: &str) -> Option<SubjectIdentifier> {
        let text = format!("MSH|^~\\&|A|B|||20260101||ADT^A01|1|T|2.5.1\r{pid}\r");
        subject_of(&Message::parse(text).unwrap(), "HERE")
    }

    fn identifier(authority: &str, value: &str) -> SubjectIdentifier {
        let value = Phi::new(value.to_owned());
        SubjectIdentifier {
            authority: authority.to_owned(),
            value,
        }
    }

    #[test]
    fn the_record_number_comes_before_other_identifiers() {
        assert_eq!(
            subject("PID|1||7^^^X^SS~8^^^Y&1.2&ISO^MR"),
            Some(identifier("Y", "8"))
        );
        assert_eq!(subject("PID|1||~7"), Some(identifier("HERE", "7")));
        assert_eq!(
            subject("PID|1||7^^^&2.999&ISO"),
            Some(identifier("2.999", "7"))
        );
    }

    #[test]
    fn a_message_about_nobody_or_several_has_no_subject() {
        assert_eq!(subject("PID|1"), None);
        assert_eq!(subject("EVN|A01"), None);
        assert_eq!(subject("PID|1||7\rPID|2||8"), None);
        assert_eq!(subject("PID|1||7\u{FFFD}"), None);
        assert_eq!(subject("PID|1||7^^^X\u{FFFD}"), None);
        assert_eq!(subject("PID|1||7\rMRG|8"), None);
        assert_eq!(subject("PID|1||7\rPID|2||7"), Some(identifier("HERE", "7")));
    }

    #[test]
    fn digests_of_different_kinds_and_parts_differ() {
        let digester = Digester::new(&[1; 32]);
        let sender = SenderId::new("a");
        let message = |control: &[u8], content: &[u8]| digester.message(&sender, control, content);
        assert_eq!(message(b"1", b"23"), message(b"1", b"23"));
        assert_ne!(message(b"1", b"23"), message(b"12", b"3"));
    }
}
