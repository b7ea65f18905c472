//! Base64 as notes and keys write it (RFC 4648, section 4): padded, and of one form for each value.
//! No other alphabet is read or written here.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text of these bytes.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let written = at <= chunk.len();
            text.push(if written { digit(group, at) } else { '=' });
        }
    }
    text
}

/// The `at`-th of the four digits of a group of 24 bits.
fn digit(group: u32, at: usize) -> char {
    let value = usize::try_from(group >> (18 - 6 * at) & 63);
    let digit = value.ok().and_then(|value| ALPHABET.get(value));
    digit.map_or('=', |digit| char::from(*digit))
}

/// The bytes of a text; None when it is not what [`encode`] writes for any bytes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.as_bytes().chunks(4) {
        let mut group = 0_u32;
        for at in 0..4 {
            let digit = chunk.get(at).map_or(Some(0), |digit| value(*digit))?;
            group = group << 6 | digit;
        }
        let [_, whole @ ..] = group.to_be_bytes();
        bytes.extend(whole.iter().take(chunk.len() * 3 / 4));
    }
    // Padding that is missing or superfluous, a lone digit, and bits that stand for nothing.
    (encode(&bytes) == text).then_some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn the_texts_of_the_standard_are_read_and_written() {
        let texts = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        for (length, text) in texts.iter().enumerate() {
            let bytes = &b"foobar"[..length];
            assert_eq!(encode(bytes), *text);
            assert_eq!(decode(text).as_deref(), Some(bytes));
        }
        let every: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&every)), Some(every));
    }

    #[test]
    fn a_value_has_one_form() {
        for text in [
            "Zg", "Zg=", "Zh==", "Zm9=", "Z", "Z===", "====", "Zg==Zg==", "Zm9v=", "Zm9v\n",
            " Zm9v", "Zm9_", "Zm-v", "Zé==",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
