//! `Translator`, the seam from a wire message to records; the row language implements it in
//! `mappings`.

use crate::envelope::{Envelope, RawMessage};
use crate::record::Record;
use crate::refusal::Refusal;

/// What a translation gave.
#[derive(Debug, Clone)]
pub struct Translated {
    /// The records, one a subject.
    pub records: Vec<Record>,
    /// The map that was used, as `name version`.
    pub map: String,
    /// Rows that could not carry something but were not required: rule and place, never a value.
    pub warnings: Vec<String>,
}

/// Turns a raw message into records. Pure and synchronous: the same envelope and the same
/// configuration give the same bytes.
pub trait Translator: Send + Sync {
    /// Translates one message, or says why it must be parked.
    fn translate(&self, message: &Envelope<RawMessage>) -> Result<Translated, Refusal>;
}
