//! How much JSON the reader takes on; who may send how much is decided by the caller.

/// The bounds of one reading. [`Limits::default`] suits a transaction bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Objects and arrays inside each other; the reader itself needs stack for each, so values over
    /// [`Limits::DEPTH_MAX`] count as that.
    pub depth: usize,
    /// Bytes of the whole text.
    pub bytes: usize,
    /// Members of objects and elements of arrays, counted over the whole text.
    pub members: usize,
}

impl Limits {
    /// The deepest nesting that the reader ever takes on.
    pub const DEPTH_MAX: usize = 256;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 64,
            bytes: 16 * 1024 * 1024,
            members: 500_000,
        }
    }
}
