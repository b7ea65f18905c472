//! One look at a field of the header line in the bytes of a message, before anything of it is
//! decoded or parsed; what a message says is read by `isthmus_hl7v2`.

use memchr::memchr2;

/// MSH-`number` of a message as it came, empty when it is absent; none when the bytes do not begin
/// with a header line in a set that has ASCII's delimiters. `number` counts from 2.
pub(crate) fn field(raw: &[u8], number: usize) -> Option<&[u8]> {
    let (&separator, rest) = raw.strip_prefix(b"MSH")?.split_first()?;
    let end = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
    let mut fields = rest.get(..end)?.split(|byte| *byte == separator);
    Some(fields.nth(number.checked_sub(2)?).unwrap_or_default())
}

/// Whether MSH-16 may ask for an answer: all that a message in original mode costs. Where the line
/// cannot be looked at before it is decoded, it may.
pub(crate) fn may_ask(raw: &[u8]) -> bool {
    let asked = field(raw, 16);
    asked.is_none_or(|asked| !matches!(asked, b"" | b"NE" | b"\"\""))
}

/// Whether these bytes are an acknowledgement: MSH-9.1 is `ACK`. It is never answered, and never
/// a message of a feed.
pub(crate) fn is_acknowledgement(raw: &[u8]) -> bool {
    let delimiter = raw.get(4).copied().unwrap_or(b'^');
    let kind = field(raw, 9).and_then(|kind| kind.split(|byte| *byte == delimiter).next());
    kind == Some(b"ACK")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_number() {
        let raw = b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|9|P|2.5|||AL|ER\rPID|1|x";
        assert_eq!(field(raw, 2), Some(&b"^~\\&"[..]));
        assert_eq!(field(raw, 3), Some(&b"A"[..]));
        assert_eq!(field(raw, 16), Some(&b"ER"[..]));
        assert_eq!(field(raw, 17), Some(&b""[..]));
        assert_eq!(field(b"MSH", 9), None);
        assert_eq!(field(b"M\0S\0H\0|\0", 9), None);
        assert_eq!(field(raw, 0), None);
    }

    #[test]
    fn only_the_type_ack_is_an_acknowledgement() {
        assert!(is_acknowledgement(b"MSH|^~\\&|||||||ACK|1\rMSA|CA|2"));
        assert!(is_acknowledgement(b"MSH#!~\\&#######ACK!A01#1"));
        for other in ["ADT^ACK", "ACKX", "", "ORR^O02"] {
            let raw = format!("MSH|^~\\&|||||||{other}|1\rMSA|AA|2");
            assert!(!is_acknowledgement(raw.as_bytes()), "{other}");
        }
    }
}
