//! What a disk says no with, as codes that an operator mends in different ways; what is done then
//! is the adapters' business.

use std::io::ErrorKind;

/// The code of a cause; none for one that has none of its own.
pub(crate) fn code(kind: ErrorKind) -> Option<&'static str> {
    if kind == ErrorKind::StorageFull || kind == ErrorKind::QuotaExceeded {
        Some("disk-full")
    } else if kind == ErrorKind::PermissionDenied || kind == ErrorKind::ReadOnlyFilesystem {
        Some("not-writable")
    } else if kind == ErrorKind::NotFound || kind == ErrorKind::NotADirectory {
        Some("no-folder")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_mends_in_different_ways_has_different_codes() {
        for (kind, told) in [
            (ErrorKind::StorageFull, Some("disk-full")),
            (ErrorKind::QuotaExceeded, Some("disk-full")),
            (ErrorKind::PermissionDenied, Some("not-writable")),
            (ErrorKind::ReadOnlyFilesystem, Some("not-writable")),
            (ErrorKind::NotFound, Some("no-folder")),
            (ErrorKind::NotADirectory, Some("no-folder")),
            (ErrorKind::Interrupted, None),
        ] {
            assert_eq!(code(kind), told, "{kind}");
        }
    }
}
