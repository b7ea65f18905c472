//! Paths: what is read is written as it can be read again, to the same path, and every fault has a
//! place inside the text.

use isthmus_hl7v2::path::{ComponentPath, Hl7Path};

/// Checks one path.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Hl7Path::parse(text) {
        Ok(path) => assert_eq!(Hl7Path::parse(&path.to_string()).as_ref(), Ok(&path)),
        Err(error) => assert!(error.span.start <= error.span.end && error.span.end <= text.len()),
    }
    if let Ok(path) = ComponentPath::parse(text) {
        assert_eq!(ComponentPath::parse(&path.to_string()), Ok(path));
    }
}
