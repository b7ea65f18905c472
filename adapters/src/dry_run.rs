//! What an adapter would do, as data that people and machines may see: the calls of a batch with
//! every value of a record masked, and the adapters that there are. Nothing is done.

use isthmus_core::clock::Timestamp;
use isthmus_core::destination::Outbound;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::adapter::{Adapter, Call, Manifest};
use crate::amqp::destination as amqp;
use crate::amqp_message::{APP_ID, AmqpCall};
use crate::file_call::{FileCall, FileForm};
use crate::files::destination as files;
use crate::mllp::destination as mllp;
use crate::ndjson_folder::destination as ndjson_folder;
use crate::webhook::destination as webhook;

/// An adapter that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AvailableAdapter {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// How many records one hand-over holds at most.
    pub batch_limit: usize,
    /// Whether several records of one patient may be in one hand-over.
    pub consecutive: bool,
    /// How many hand-overs may be under way at once.
    pub at_once: usize,
    /// Whether it takes signals in.
    pub takes_signals: bool,
}

impl From<Manifest> for AvailableAdapter {
    fn from(manifest: Manifest) -> Self {
        Self {
            name: manifest.name,
            about: manifest.about,
            batch_limit: manifest.takes.batch.limit,
            consecutive: manifest.takes.batch.consecutive,
            at_once: manifest.takes.at_once,
            takes_signals: manifest.takes_signals,
        }
    }
}

/// The adapters that there are, by name.
pub fn available() -> Vec<AvailableAdapter> {
    let manifests = [
        amqp::MANIFEST,
        files::MANIFEST,
        mllp::MANIFEST,
        ndjson_folder::MANIFEST,
        webhook::MANIFEST,
    ];
    manifests.map(AvailableAdapter::from).to_vec()
}

/// A header as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownHeader {
    /// Its name.
    pub name: &'static str,
    /// Its value; `<masked>` for a proof of who we are.
    pub value: String,
}

/// A call as it may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum ShownCall {
    /// Lines for a file.
    Append {
        /// The file.
        file: String,
        /// The lines, as JSON.
        lines: Vec<Value>,
        /// How many records they hold.
        records: usize,
    },
    /// A request.
    Http {
        /// The method.
        method: &'static str,
        /// The URL.
        url: String,
        /// The headers.
        headers: Vec<ShownHeader>,
        /// The body, as JSON.
        body: Value,
        /// How many records it holds.
        records: usize,
    },
    /// A message for a broker.
    Amqp {
        /// The exchange; empty for the default one.
        exchange: String,
        /// The routing key.
        routing_key: String,
        /// The properties.
        properties: Vec<ShownHeader>,
        /// The name of the key that the body is sealed under before it leaves.
        sealed_under: Option<String>,
        /// The event, as JSON.
        body: Value,
        /// How many records it holds.
        records: usize,
    },
    /// An HL7 v2 message.
    Mllp {
        /// Its segments: the header as it is, of the others the names and which fields have a
        /// value.
        segments: Vec<String>,
        /// How many records it holds.
        records: usize,
    },
    /// A file.
    File {
        /// Its name.
        file: String,
        /// An HL7 v2 message as its segments, see [`ShownCall::Mllp`]; none for another form.
        #[serde(skip_serializing_if = "Option::is_none")]
        segments: Option<Vec<String>>,
        /// A record, as JSON; none for another form.
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        /// How many records it holds.
        records: usize,
    },
    /// A record that could not be sent in any form, and would be refused.
    Refused {
        /// Why.
        code: &'static str,
        /// How many records that are.
        records: usize,
    },
}

/// The calls that an adapter would make of a batch at this time. In what stands where the adapter's
/// manifest says that the record is, names stay and values become their kind; in a body that does
/// not have it there, all values do.
pub fn plan(adapter: &dyn Adapter, batch: &[Outbound], now: Timestamp) -> Vec<ShownCall> {
    let record_at = adapter.manifest().record_at;
    let calls = adapter.plan(batch, now);
    calls.iter().map(|call| shown(call, record_at)).collect()
}

fn shown(call: &Call, record_at: &[&str]) -> ShownCall {
    let records = call.records().len();
    match call {
        Call::Append { file, lines } => ShownCall::Append {
            file: file.clone(),
            lines: lines
                .iter()
                .map(|line| masked(line.bytes.reveal(), record_at))
                .collect(),
            records,
        },
        Call::Http(call) => ShownCall::Http {
            method: call.method,
            url: call.url.to_string(),
            headers: call
                .headers
                .iter()
                .map(|header| ShownHeader {
                    name: header.name,
                    value: if header.masked {
                        "<masked>".to_owned()
                    } else {
                        header.value.clone()
                    },
                })
                .collect(),
            body: masked(call.body.reveal(), record_at),
            records,
        },
        Call::Amqp(call) => {
            let key = call.body.sealed_under.as_ref();
            ShownCall::Amqp {
                exchange: call.exchange.to_string(),
                routing_key: call.routing_key.to_string(),
                properties: properties(call),
                sealed_under: key.map(|key| key.id().to_owned()),
                body: masked(call.body.event.reveal(), record_at),
                records,
            }
        }
        Call::Mllp(call) => ShownCall::Mllp {
            segments: segments(call.message.reveal()),
            records,
        },
        Call::File(call) => file(call, record_at, records),
        Call::Unsendable(call) => ShownCall::Refused {
            code: call.code,
            records,
        },
    }
}

fn file(call: &FileCall, record_at: &[&str], records: usize) -> ShownCall {
    let content = call.content.reveal();
    ShownCall::File {
        file: call.name.clone(),
        segments: (call.form == FileForm::Hl7v2).then(|| segments(content)),
        body: (call.form == FileForm::Json).then(|| masked(content, record_at)),
        records,
    }
}

/// The segments of a message, every field behind the header masked. In every character set that
/// messages are sent in, separators are what they are in ASCII.
fn segments(message: &[u8]) -> Vec<String> {
    let segments = message.split(|byte| matches!(byte, b'\r' | b'\n'));
    let segments = segments.filter(|segment| !segment.is_empty());
    let shown = |segment: &[u8]| {
        if segment.starts_with(b"MSH") {
            return String::from_utf8_lossy(segment).into_owned();
        }
        let mut fields = segment.split(|byte| *byte == b'|');
        let name = String::from_utf8_lossy(fields.next().unwrap_or_default());
        let masked = fields.map(|field| if field.is_empty() { "" } else { "<text>" });
        let all: Vec<&str> = std::iter::once(&*name).chain(masked).collect();
        all.join("|")
    };
    segments.map(shown).collect()
}

/// The properties of a message, by the names that AMQP has for them.
fn properties(call: &AmqpCall) -> Vec<ShownHeader> {
    let shown = |(name, value): (&'static str, String)| ShownHeader { name, value };
    let properties = [
        ("message-id", call.message_id.clone()),
        ("content-type", call.body.content_type().to_owned()),
        ("type", call.event_type.clone()),
        ("timestamp", call.timestamp.to_string()),
        ("app-id", APP_ID.to_owned()),
        ("delivery-mode", "2".to_owned()),
    ];
    properties.map(shown).to_vec()
}

/// The JSON of a body without the values of its record.
fn masked(bytes: &[u8], record_at: &[&str]) -> Value {
    let Ok(mut body) = serde_json::from_slice(bytes) else {
        return kind("unreadable");
    };
    let mut record = Some(&mut body);
    for name in record_at {
        record = record.and_then(|value: &mut Value| value.get_mut(name));
    }
    match record {
        Some(record) => mask(record),
        None => mask(&mut body),
    }
    body
}

fn mask(value: &mut Value) {
    match value {
        Value::Null => *value = kind("null"),
        Value::Bool(_) => *value = kind("boolean"),
        Value::Number(_) => *value = kind("number"),
        Value::String(_) => *value = kind("text"),
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(members) => Map::values_mut(members).for_each(mask),
    }
}

fn kind(name: &str) -> Value {
    Value::String(format!("<{name}>"))
}
