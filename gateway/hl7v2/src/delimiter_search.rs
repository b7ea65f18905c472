//! Finds one delimiter in a piece of text, most often a short one.
//! What lies between delimiters is the business of `field` and `escape`.

/// Up to this many bytes a plain search is over before a wide one has begun.
const SHORT: usize = 32;

/// Where the delimiter stands first.
pub(crate) fn find(text: &str, delimiter: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.len() <= SHORT {
        bytes.iter().position(|&byte| byte == delimiter)
    } else {
        memchr::memchr(delimiter, bytes)
    }
}
