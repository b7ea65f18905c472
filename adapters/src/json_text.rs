//! Text as a JSON string; whole records come as JSON already, so nothing else is written here.

use isthmus_core::id::hexadecimal;

/// The text in quotes, escaped as RFC 8259 section 7 asks.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_ascii_control() => {
                quoted.push_str("\\u00");
                quoted.push_str(&hexadecimal(&[u8::try_from(control).unwrap_or(0)]));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_reserves_is_escaped() {
        assert_eq!(quoted("a\"b\\c\n\u{7f}é"), "\"a\\\"b\\\\c\\u000a\\u007fé\"");
    }
}
