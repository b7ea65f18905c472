//! Reads what a command is given: a file, or standard input for `-`, as bytes or as messages; what
//! they mean, the commands know.

use std::io::Read;
use std::path::Path;

use crate::failure::Failure;
use crate::message_file;

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

/// The HL7 v2 messages of a file, at least one.
pub(crate) fn messages(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let bytes = read(path)?;
    let messages = message_file::messages(&bytes).into_iter();
    let messages: Vec<Vec<u8>> = messages.map(<[u8]>::to_vec).collect();
    if messages.is_empty() {
        let text = "the file holds no HL7 v2 message (no line opens with MSH)";
        return Err(Failure::Usage(text.into()));
    }
    Ok(messages)
}
