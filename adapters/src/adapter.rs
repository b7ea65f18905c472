//! `Adapter`, the pure half of a destination: it turns records into calls and replies into
//! outcomes; nothing here opens a file or a socket.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use isthmus_core::clock::Timestamp;
use isthmus_core::destination::{DeliveryOutcome, Outbound, Takes};
use isthmus_core::id::DeliveryId;
use isthmus_core::phi::Phi;

use crate::amqp_message::{AmqpCall, BrokerReply};
use crate::file_call::FileCall;
use crate::inbound::{InboundRejection, InboundRequest, Signal};
use crate::mllp_message::{MllpCall, PeerAnswer};

/// What the runner and the operator may know of an adapter without running it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// The adapter's name in the configuration.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// What it takes: the largest batch, whether a batch is taken whole and in order, and how many
    /// hand-overs may be under way at once.
    pub takes: Takes,
    /// Where the record stands in a body or line, as names from the outermost in: what a dry run
    /// masks.
    pub record_at: &'static [&'static str],
    /// Whether it takes signals in, see [`Adapter::inbound`].
    pub takes_signals: bool,
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

/// One header of a request. Never a value of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name, in small letters.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// It proves who we are, so it is shown to nobody.
    pub masked: bool,
}

impl Header {
    /// A header that may be shown.
    pub fn shown(name: &'static str, value: impl Into<String>) -> Self {
        let (value, masked) = (value.into(), false);
        Self {
            name,
            value,
            masked,
        }
    }

    /// A header that is masked wherever it is shown.
    pub fn masked(name: &'static str, value: impl Into<String>) -> Self {
        let (value, masked) = (value.into(), true);
        Self {
            name,
            value,
            masked,
        }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.masked { ".." } else { &self.value };
        write!(f, "{}: {value}", self.name)
    }
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// The method.
    pub method: &'static str,
    /// The URL. Never a value of a record.
    pub url: Arc<str>,
    /// The headers, beside those that HTTP itself needs.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Phi<Bytes>,
    /// The deliveries that the body holds, in order.
    pub records: Vec<DeliveryId>,
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
    /// Send this request and read the reply's status.
    Http(HttpCall),
    /// Publish this message and wait until the broker confirms it.
    Amqp(AmqpCall),
    /// Send this HL7 v2 message and read its acknowledgment.
    Mllp(MllpCall),
    /// Put this file where the recipient looks for it, whole or not at all.
    File(FileCall),
    /// A record that has no form in which it could be sent: nothing is done.
    Unsendable(UnsendableCall),
}

/// A record that is refused before anything is sent, for no attempt would send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsendableCall {
    /// The delivery.
    pub record: DeliveryId,
    /// Why, by which it is refused. Never a value of the record.
    pub code: &'static str,
}

impl Call {
    /// The deliveries that the call holds, in order.
    pub fn records(&self) -> Vec<DeliveryId> {
        match self {
            Self::Append { lines, .. } => lines.iter().map(|line| line.id).collect(),
            Self::Http(call) => call.records.clone(),
            Self::Amqp(call) => vec![call.record],
            Self::Mllp(call) => vec![call.record],
            Self::File(call) => vec![call.record],
            Self::Unsendable(call) => vec![call.record],
        }
    }
}

/// What came of a call. Codes are short words, never a text of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Every line is in the file and synced.
    Appended,
    /// None of the lines is in the file.
    NotAppended(std::io::ErrorKind),
    /// The recipient answered.
    Http {
        /// The status code.
        status: u16,
        /// How long it asked us to wait, see [`crate::retry_after`].
        retry_after: Option<Duration>,
    },
    /// The broker answered.
    Amqp(BrokerReply),
    /// The receiver of an HL7 v2 message acknowledged it, or refused it.
    Mllp(PeerAnswer),
    /// The file is there under its name, whole.
    Placed,
    /// The folder or its server said no: no file of this name came about. Codes are short words.
    NotPlaced(&'static str),
    /// Nothing left, for the recipient asks that nothing be sent now: this was no attempt.
    HeldBack(&'static str),
    /// Nothing of the body left, and nothing of it will: refused, not found, denied.
    NotSent(&'static str),
    /// The answer did not come, and the body left at least partly.
    Lost(&'static str),
}

/// What a reply means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// One outcome for every record of the call.
    pub outcomes: Vec<(DeliveryId, DeliveryOutcome)>,
    /// The recipient said that it is gone for good: nothing more is sent until a restart.
    pub stop: bool,
}

impl Judgement {
    /// The same outcome for every record of a call.
    pub fn alike(call: &Call, outcome: &DeliveryOutcome) -> Self {
        let records = call.records().into_iter();
        Self {
            outcomes: records.map(|id| (id, outcome.clone())).collect(),
            stop: false,
        }
    }
}

/// A kind of destination.
pub trait Adapter: Send + Sync {
    /// What it is and what it takes.
    fn manifest(&self) -> Manifest;

    /// Turns a batch into calls; every record is in exactly one of them. Deterministic and without
    /// input or output, so that a dry run shows exactly what would be done. `now` is the time of
    /// the attempt.
    fn plan(&self, batch: &[Outbound], now: Timestamp) -> Vec<Call>;

    /// Reads a reply: one outcome for every record of the call.
    fn judge(&self, call: &Call, reply: Reply) -> Judgement;

    /// Reads what the recipient sends to us: verifies it on the bytes as they came, then parses
    /// them. To drop what came before is the caller's business.
    ///
    /// # Errors
    /// Why it is not taken; an adapter that takes nothing in says so.
    fn inbound(
        &self,
        request: &InboundRequest,
        now: Timestamp,
    ) -> Result<Vec<Signal>, InboundRejection> {
        let (_request, _now) = (request, now);
        Err(InboundRejection::NotOffered)
    }
}

/// What is wrong with one key of an adapter's configuration. Never holds a secret's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key.
    pub key: &'static str,
    /// What is wrong, lower case, without a full stop.
    pub text: String,
    /// How to mend it.
    pub mend: &'static str,
}

impl Problem {
    /// A problem of this key.
    pub fn new(key: &'static str, text: impl Into<String>, mend: &'static str) -> Self {
        let text = text.into();
        Self { key, text, mend }
    }
}

/// The configuration of an adapter, as far as it can be judged without using it.
pub trait AdapterConfig {
    /// The `id` of the recipient's policy.
    fn recipient(&self) -> &str;

    /// Everything that is wrong with it, found without input or output.
    fn validate(&self) -> Vec<Problem>;
}
