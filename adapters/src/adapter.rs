//! `Adapter`, the pure half of a destination: it turns records into calls and replies into
//! outcomes; nothing here opens a file or a socket.

use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{DeliveryOutcome, Outbound};
use isthmus_core::id::DeliveryId;
use isthmus_core::phi::Phi;

/// What the runner and the operator may know of an adapter without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The adapter's name in the configuration.
    pub name: &'static str,
    /// The largest batch, and whether a batch is taken whole and in order.
    pub batch: Draw,
}

/// One line of a file to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The delivery that the line holds.
    pub id: DeliveryId,
    /// The line, with its line feed.
    pub bytes: Phi<Vec<u8>>,
    /// An earlier run may have written it: look before writing.
    pub look_first: bool,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Append these lines to a file of the adapter's folder, all or none, and sync it.
    Append {
        /// The file's name, without a folder.
        file: String,
        /// The lines, in order.
        lines: Vec<Line>,
    },
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Every line is in the file and synced.
    Appended,
    /// None of the lines is in the file.
    NotAppended(std::io::ErrorKind),
}

/// A kind of destination.
pub trait Adapter: Send + Sync {
    /// What it is and what it takes.
    fn manifest(&self) -> Manifest;

    /// Turns a batch into calls. Deterministic and without input or output, so that a dry run
    /// shows exactly what would be done.
    fn plan(&self, batch: &[Outbound]) -> Vec<Call>;

    /// Reads a reply: one outcome for every record of the call.
    fn judge(&self, call: &Call, reply: Reply) -> Vec<(DeliveryId, DeliveryOutcome)>;
}
