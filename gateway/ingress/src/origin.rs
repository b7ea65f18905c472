//! `Origin`, what is known of where a message came from once it has been looked at: enough to
//! answer it, and none of its content. Recognising the sender is done in `recognition`.

use std::sync::Arc;

use isthmus_core::id::SenderId;
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::Declared;
use isthmus_hl7v2::header::salvage;
use isthmus_hl7v2::message::Message;
use memchr::memchr2;

use crate::acknowledgement_table::AcknowledgementTable;
use crate::sender::Sender;

/// Bytes in the longest header line that is answered.
const HEADER_BYTES_MAX: usize = 4096;

/// To whom an answer goes, and by which table.
#[derive(Debug)]
pub struct Origin {
    /// The header line alone; none when it cannot be read.
    pub header: Option<Message>,
    /// The charset to answer in.
    pub charset: Charset,
    /// The sender; none when it was not recognised.
    pub sender: Option<SenderId>,
    /// What it is told on which condition.
    pub table: AcknowledgementTable,
}

impl Origin {
    /// The origin of a message whose sender is known.
    pub fn recognised(message: &Message, sender: &Sender) -> Self {
        let line = message.segment(0).map(|header| header.raw());
        let line = line.filter(|line| line.len() <= HEADER_BYTES_MAX);
        Self {
            header: line
                .and_then(|line| Message::parse(line).ok())
                .map(|header| header.came_in(message.charset())),
            charset: message.charset(),
            sender: Some(sender.id.clone()),
            table: sender.acknowledge,
        }
    }

    /// The origin of a message that was let in, by its bytes as its sender's charset rules read
    /// them; none when it has no header line any more that can be read.
    pub(crate) fn of_stored(raw: &[u8], sender: &Sender) -> Option<Self> {
        let rules = sender.charset_rules();
        let charset = rules.choose(&Declared::of(raw)).ok()?;
        // Where the line can be seen, the rest of the message need not be decoded.
        let end = memchr2(b'\r', b'\n', raw).filter(|_| raw.starts_with(b"MSH"));
        let line = raw.get(..end.unwrap_or(raw.len()))?;
        let decoded = rules.malformed.decode(line, charset).ok()?;
        let message = Message::parse(decoded.text.into_owned()).ok()?;
        Some(Self::recognised(&message.came_in(charset), sender))
    }

    /// The origin of bytes whose sender is not known: whatever their header line says, by the
    /// table of the one sender that it can be, else by the defaults.
    pub fn unrecognised(raw: &[u8], candidates: &[Arc<Sender>]) -> Self {
        let (sender, table) = match candidates {
            [only] => (Some(only.id.clone()), only.acknowledge),
            _ => (None, AcknowledgementTable::default()),
        };
        Self {
            header: salvage(raw),
            charset: Charset::ASCII,
            sender,
            table,
        }
    }
}
