//! Character sets: what can be decoded is text, and encoding that text again and reading it gives
//! it back; no declared set and no byte makes it panic.

use isthmus_hl7v2::charset::{Charset, declared, decode, encode};

/// The sets that a sender may be set to.
const NAMES: [&str; 16] = [
    "ASCII",
    "UNICODE UTF-8",
    "UNICODE UTF-16",
    "8859/1",
    "8859/2",
    "8859/5",
    "8859/6",
    "8859/7",
    "8859/8",
    "8859/9",
    "8859/15",
    "ISO IR87",
    "GB 18030-2000",
    "BIG-5",
    "KS X 1001",
    "windows-1252",
];

/// Checks bytes; the first one chooses the set that a sender has.
pub fn check(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else {
        return;
    };
    let name = NAMES[usize::from(choice) % NAMES.len()];
    let set = Charset::named(name).expect("it is a set of table 0211");
    for charset in [Some(set), declared(bytes).ok().flatten()]
        .into_iter()
        .flatten()
    {
        let Ok(text) = decode(bytes, charset) else {
            continue;
        };
        if text.starts_with('\u{feff}') {
            // Read again it would be a byte order mark.
            continue;
        }
        let again = encode(&text, charset);
        let Ok(read) = decode(&again, charset) else {
            panic!("{}: what was encoded cannot be read", charset.name());
        };
        // What a set decodes and has no bytes for becomes a question mark, one for one.
        assert_eq!(
            read.chars().count(),
            text.chars().count(),
            "{}",
            charset.name()
        );
    }
}
