//! What the senders send: messages about invented patients, how they translate, and the records
//! that they must give. Who gets the records is in `site`.

use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::SubjectKey;
use isthmus_core::read_set::ReadSet;
use isthmus_core::record::Record;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::shaper::{Shaper, ShapingContext};
use isthmus_core::translator::{Translated, Translator};
use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::resource::Resource;

/// Which message: the connection it came over, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) connection: u8,
    pub(crate) number: u16,
}

impl Name {
    /// For the trace.
    pub(crate) fn code(self) -> u64 {
        u64::from(self.connection) * 1_000 + u64::from(self.number)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.connection, self.number)
    }
}

/// How a message fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It translates.
    Plain,
    /// Its map panics.
    Poison,
    /// There is no map for it.
    Strange,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    /// Whom it is about: one patient, or two.
    pub(crate) patients: Vec<u8>,
    /// How many records it gives about each of them to each flow.
    pub(crate) parts: u8,
}

/// One record as a recipient sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordName {
    pub(crate) message: Name,
    pub(crate) patient: u8,
    pub(crate) part: u8,
}

impl Message {
    pub(crate) fn text(&self) -> String {
        let patients: Vec<String> = self.patients.iter().map(u8::to_string).collect();
        let kind = match self.kind {
            Kind::Plain => "plain",
            Kind::Poison => "poison",
            Kind::Strange => "strange",
        };
        let (name, parts) = (self.name, self.parts);
        format!("{name} {kind} {} {parts}", patients.join(","))
    }

    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut words = text.split(' ');
        let (connection, number) = words.next()?.split_once('-')?;
        let name = Name {
            connection: connection.parse().ok()?,
            number: number.parse().ok()?,
        };
        let kind = match words.next()? {
            "poison" => Kind::Poison,
            "strange" => Kind::Strange,
            _ => Kind::Plain,
        };
        let patients = words.next()?.split(',').map(str::parse);
        Some(Self {
            name,
            kind,
            patients: patients.collect::<Result<_, _>>().ok()?,
            parts: words.next()?.parse().ok()?,
        })
    }
}

pub(crate) const fn subject(patient: u8) -> SubjectKey {
    SubjectKey::from_bytes([patient; 16])
}

/// What the planted panic says; nobody needs to read of it.
pub(crate) const PANIC: &str = "a map went wrong";

/// Translates these messages.
pub(crate) struct Reader;

impl Translator for Reader {
    fn translate(&self, message: &Envelope<RawMessage>) -> Result<Translated, Refusal> {
        let read = Message::read(message.body.bytes.reveal());
        let message = read.ok_or_else(|| Refusal::park(Reason::NotMapped))?;
        match message.kind {
            Kind::Plain => {}
            Kind::Poison => panic!("{PANIC}"),
            Kind::Strange => return Err(Refusal::park(Reason::NotMapped)),
        }
        let record = |patient: &u8| {
            let id = format!("{}.{patient}.{}", message.name, message.parts);
            let object = Object::new().with("resourceType", "Patient");
            Record {
                subject: subject(*patient),
                resources: vec![Resource::try_from(object.with("id", id)).unwrap()],
                message: None,
            }
        };
        Ok(Translated {
            records: message.patients.iter().map(record).collect(),
            map: "m 1".to_owned(),
            warnings: Vec::new(),
        })
    }
}

/// Gives as many records as the message says.
#[derive(Default)]
pub(crate) struct Parts(ReadSet);

impl Shaper for Parts {
    fn map(&self) -> &'static str {
        "parts 1"
    }

    fn reads(&self) -> &ReadSet {
        &self.0
    }

    fn shape(&self, granted: &[Resource], _: &ShapingContext) -> Result<Vec<Element>, Refusal> {
        let id = granted.first().and_then(Resource::id).unwrap_or_default();
        let (record, parts) = id.rsplit_once('.').unwrap_or_default();
        let parts: u8 = parts.parse().unwrap_or_default();
        let part = |part: u8| {
            let object = Object::new().with("record", format!("{record}.{part}"));
            Element::Object(object)
        };
        Ok((0..parts).map(part).collect())
    }
}

impl RecordName {
    /// Reads what [`Parts`] wrote.
    pub(crate) fn read(content: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(content).ok()?;
        let name = text.split('"').nth(3)?;
        let mut words = name.split('.');
        let (connection, number) = words.next()?.split_once('-')?;
        Some(Self {
            message: Name {
                connection: connection.parse().ok()?,
                number: number.parse().ok()?,
            },
            patient: words.next()?.parse().ok()?,
            part: words.next()?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = Message {
            name: Name {
                connection: 3,
                number: 12,
            },
            kind: Kind::Poison,
            patients: vec![4, 7],
            parts: 2,
        };
        assert_eq!(Message::read(message.text().as_bytes()), Some(message));
        let record = RecordName::read(br#"{"record":"3-12.7.1"}"#).unwrap();
        assert_eq!((record.patient, record.part), (7, 1));
    }
}
