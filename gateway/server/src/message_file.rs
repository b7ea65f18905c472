//! Splits a file into HL7 v2 messages as people keep them: many in a file, with or without frames,
//! blank lines and batch headers between them; where one begins is `isthmus_hl7v2`'s business.

use isthmus_hl7v2::batch::split;

/// The messages of a file, each from its MSH to its last segment, terminators as they are. What
/// stands before the first is left out.
pub(crate) fn messages(bytes: &[u8]) -> Vec<&[u8]> {
    let found = split(bytes).messages.into_iter();
    let texts = found.filter_map(|message| bytes.get(message.range));
    texts.filter(|text| text.starts_with(b"MSH")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_hold_many_messages_of_every_style() {
        let file = b"BHS|^~\\&|A\r\x0bMSH|^~\\&|1\rPID|1\r\x1c\r\n\nMSH|^~\\&|2\nPID|2\n\nBTS|2\r";
        let expected: [&[u8]; 2] = [b"MSH|^~\\&|1\rPID|1\r", b"MSH|^~\\&|2\nPID|2\n"];
        assert_eq!(messages(file), expected);
        assert!(messages(b"no message here").is_empty());
    }
}
