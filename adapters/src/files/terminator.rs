//! `Terminator`, what stands behind each segment of a message in a file.

use serde::Deserialize;

/// `terminator` of a destination: what stands behind each segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Terminator {
    /// A carriage return, as HL7 v2 has it.
    #[default]
    Cr,
    /// A line feed.
    Lf,
    /// Both.
    Crlf,
}

impl Terminator {
    /// A message whose segments end in carriage returns, with these ends. A carriage return stands
    /// for nothing else there: one of a text is escaped.
    pub(crate) fn applied(self, message: Vec<u8>) -> Vec<u8> {
        let end: &[u8] = match self {
            Self::Cr => return message,
            Self::Lf => b"\n",
            Self::Crlf => b"\r\n",
        };
        let mut bytes = Vec::with_capacity(message.len().saturating_add(64));
        for segment in message.split_inclusive(|byte| *byte == b'\r') {
            bytes.extend_from_slice(segment.strip_suffix(b"\r").unwrap_or(segment));
            bytes.extend_from_slice(end);
        }
        bytes
    }
}
