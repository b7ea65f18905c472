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
