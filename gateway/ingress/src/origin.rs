//! `Origin`, what is known of where a message came from once it has been looked at: enough to
//! answer it, and none of its content. Recognising the sender is done in `recognition`.

use std::sync::Arc;

use isthmus_core::id::SenderId;
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::header::salvage;
use isthmus_hl7v2::message::Message;

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
