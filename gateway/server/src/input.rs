//! Reads what a command is given: a file, or standard input for `-`; what is in it, the commands
//! know.

use std::io::Read;
use std::path::Path;

use crate::failure::Failure;

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::Usage(format!("{} cannot be read: {error}", path.display()))
    };
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(failed)
}
