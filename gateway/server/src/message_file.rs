//! Splits a file into HL7 v2 messages as people keep them: many in a file, with or without frames,
//! blank lines and batch headers between them; parsing a message is `isthmus_hl7v2`'s business.

/// The messages of a file, each from its MSH to its last segment, terminators as they are.
///
/// A message starts at a line that opens with `MSH`; lines before the first, batch and file
/// headers and trailers (FHS, BHS, BTS, FTS) and MLLP frame bytes are left out.
pub(crate) fn messages(bytes: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    let mut start: Option<usize> = None;
    let mut end = 0;
    let mut at = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\r' || byte == b'\n') {
        let frame = line.iter().take_while(|&&byte| is_frame(byte)).count();
        let text = line.get(frame..).unwrap_or_default();
        if text.starts_with(b"MSH") || is_batch(text) {
            messages.extend(start.and_then(|start| bytes.get(start..end)));
            start = text.starts_with(b"MSH").then_some(at + frame);
        }
        let length = text.iter().take_while(|&&byte| byte != 0x1c).count();
        let blank = text.iter().take(length).all(u8::is_ascii_whitespace);
        if !blank {
            end = at + frame + length;
        }
        at += line.len();
    }
    messages.extend(start.and_then(|start| bytes.get(start..end)));
    messages
}

const fn is_frame(byte: u8) -> bool {
    matches!(byte, 0x0b | 0x1c)
}

fn is_batch(line: &[u8]) -> bool {
    [b"FHS", b"BHS", b"BTS", b"FTS"]
        .iter()
        .any(|name| line.starts_with(*name))
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
