//! `Template`, the message that a delivery becomes: its header from the route, its segments from
//! the record; pure. What a record has to be for that is in `record_form`.

use isthmus_core::destination::Outbound;
use isthmus_hl7v2::charset::{self, Charset};
use isthmus_hl7v2::delimiters::Delimiters;

use crate::hl7v2_message::record_form::{FormFault, MessageBody};

/// The code of a record with a character that the receiver's character set does not have.
const NOT_IN_CHARSET: &str = "record-charset";

/// What is the same in every message to one recipient. Texts of MSH stand here as they are sent.
#[derive(Debug)]
pub(crate) struct Template {
    /// MSH-3 to MSH-6.
    pub(crate) names: [String; 4],
    /// MSH-11.
    pub(crate) processing: &'static str,
    /// MSH-12.
    pub(crate) version: String,
    /// Whether the version has a structure in MSH-9.3.
    pub(crate) has_structure: bool,
    /// How many characters of a delivery's id MSH-10 holds.
    pub(crate) control_id_length: usize,
    /// Whether MSH-15 and MSH-16 ask for the acknowledgment of the commit alone.
    pub(crate) is_enhanced: bool,
    /// MSH-18; empty for ASCII.
    pub(crate) charset_name: String,
    /// The same, for encoding.
    pub(crate) charset: Charset,
}

/// A message as it is sent.
pub(crate) struct MadeMessage {
    /// MSH-10.
    pub(crate) control_id: String,
    /// The message, a carriage return behind each segment.
    pub(crate) bytes: Vec<u8>,
}

impl Template {
    /// The message of a delivery, the same at every attempt; or the code by which the record is
    /// refused.
    pub(crate) fn message(&self, outbound: &Outbound) -> Result<MadeMessage, &'static str> {
        let record = outbound.disclosure.content().reveal();
        let body = MessageBody::read(record).map_err(FormFault::code)?;
        let id = outbound.id.to_string();
        let length = self.control_id_length.min(id.len());
        let control_id = id.get(..length).unwrap_or(&id).to_owned();
        let mut text = self.header(&body, outbound, &control_id);
        text.push_str(&body.segments);
        let bytes = encoded(text, self.charset).ok_or(NOT_IN_CHARSET)?;
        Ok(MadeMessage { control_id, bytes })
    }

    /// MSH, see HL7 v2.5.1 chapter 2, section 2.15.9. MSH-7 is when the delivery was committed, so
    /// that it does not change from attempt to attempt.
    fn header(&self, body: &MessageBody, outbound: &Outbound, control_id: &str) -> String {
        let delimiters = Delimiters::default();
        let time = outbound.created_at.civil().strftime("%Y%m%d%H%M%S+0000");
        let mut kind = vec![body.message_type.as_str(), body.event.as_str()];
        if self.has_structure && !body.structure.is_empty() {
            kind.push(&body.structure);
        }
        let component = char::from(delimiters.component).to_string();
        let [sender, sending_facility, receiver, receiving_facility] = &self.names;
        let (accept, application) = if self.is_enhanced {
            ("AL", "NE")
        } else {
            ("", "")
        };
        // MSH-1 is the separator behind the name.
        let fields = [
            &delimiters.encoding_characters(),
            sender,
            sending_facility,
            receiver,
            receiving_facility,
            &time.to_string(),
            "",
            &kind.join(&component),
            control_id,
            self.processing,
            &self.version,
            "",
            "",
            accept,
            application,
            "",
            &self.charset_name,
        ];
        let separator = char::from(delimiters.field);
        let last = fields.iter().rposition(|field| !field.is_empty());
        let mut text = "MSH".to_owned();
        for field in fields
            .iter()
            .take(last.map_or(0, |last| last.saturating_add(1)))
        {
            text.push(separator);
            text.push_str(field);
        }
        text.push('\r');
        text
    }
}

/// The text in a character set; none when the set lacks a character of it. A set that is read as
/// its Windows superset is written without what the superset adds.
fn encoded(text: String, charset: Charset) -> Option<Vec<u8>> {
    if charset == Charset::UTF_8 || text.is_ascii() {
        return Some(text.into_bytes());
    }
    let bytes = charset::encode(&text, charset);
    let is_whole = charset::decode(&bytes, charset).is_ok_and(|again| again == text);
    let is_within = !bytes.iter().any(|byte| (0x80..=0x9F).contains(byte));
    (is_whole && is_within).then(|| bytes.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_a_set_lacks_is_never_replaced() {
        let latin = Charset::named("8859/1").unwrap();
        assert_eq!(encoded("é".to_owned(), latin), Some(vec![0xE9]));
        for (text, charset) in [
            ("é", Charset::ASCII),
            ("ł", latin),
            ("€", latin),
            ("\u{85}", latin),
        ] {
            assert_eq!(encoded(text.to_owned(), charset), None, "{text}");
        }
        let utf8 = encoded("ł€".to_owned(), Charset::UTF_8);
        assert_eq!(utf8, Some("ł€".as_bytes().to_vec()));
        assert_eq!(encoded("a".to_owned(), Charset::ASCII), Some(vec![b'a']));
    }
}
