//! What a recipient tells through the same contract in the other direction: signed `CloudEvents`
//! about addresses; pure.

use isthmus_core::address::normalised;
use isthmus_core::clock::Timestamp;
use isthmus_core::phi::Phi;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::inbound::{InboundRejection, InboundRequest, Signal, SignalKind};
use crate::standard_webhooks::{
    ID, SIGNATURE, SignatureFault, SignedHeaders, SigningSecret, TIMESTAMP, verify,
};

/// The largest body that is read, in bytes.
pub const BODY_MAX: usize = 64 * 1024;

/// The context of an event, as far as it is needed.
#[derive(Deserialize)]
struct Context {
    specversion: String,
    #[serde(rename = "type")]
    kind: String,
    time: Option<String>,
    #[expect(dead_code, reason = "an event without an id is none")]
    id: IgnoredAny,
    #[expect(dead_code, reason = "an event without a source is none")]
    source: IgnoredAny,
}

/// The part that events about an address have.
#[derive(Deserialize)]
struct AboutAddress {
    data: Address,
}

#[derive(Deserialize)]
struct Address {
    address: String,
}

/// Verifies the bytes, then reads them. Types that are not known give no signal: a recipient may
/// send more than we take.
pub(crate) fn signals(
    secrets: &[SigningSecret],
    request: &InboundRequest,
    now: Timestamp,
) -> Result<Vec<Signal>, InboundRejection> {
    let body = request.body.reveal().as_ref();
    if body.len() > BODY_MAX {
        return Err(InboundRejection::TooLarge);
    }
    let header = |name| request.header(name).ok_or(SignatureFault::Unsigned);
    let headers = SignedHeaders {
        id: header(ID)?,
        timestamp: header(TIMESTAMP)?,
        signature: header(SIGNATURE)?,
    };
    let sent_at = verify(secrets, &headers, body, now)?;
    let context: Context = read(body, "the event")?;
    if context.specversion != "1.0" {
        return Err(InboundRejection::Unreadable("specversion"));
    }
    let Some(kind) = kind(&context.kind) else {
        return Ok(Vec::new());
    };
    let about: AboutAddress = read(body, "data.address")?;
    let address = about.data.address.trim();
    if normalised(address).is_none() || address.chars().any(char::is_control) {
        return Err(InboundRejection::Unreadable("data.address"));
    }
    Ok(vec![Signal {
        kind,
        address: Phi::new(address.to_owned()),
        at: happened_at(context.time.as_deref(), sent_at, now)?,
        id: headers.id.to_owned(),
    }])
}

fn kind(event_type: &str) -> Option<SignalKind> {
    match event_type {
        "isthmus.contact.unsubscribed.v1" => Some(SignalKind::Unsubscribed),
        "isthmus.contact.bounced.v1" => Some(SignalKind::Bounced),
        "isthmus.contact.complained.v1" => Some(SignalKind::Complained),
        _ => None,
    }
}

/// When the event says that it happened, but not later than now; when it was sent otherwise.
fn happened_at(
    time: Option<&str>,
    sent_at: Timestamp,
    now: Timestamp,
) -> Result<Timestamp, InboundRejection> {
    let Some(time) = time else {
        return Ok(sent_at.min(now));
    };
    let time: jiff::Timestamp = time
        .parse()
        .map_err(|_invalid| InboundRejection::Unreadable("time"))?;
    Ok(Timestamp::from_unix_millis(time.as_millisecond()).min(now))
}

/// The cause of a failure is not told: the texts of the reader quote what they read.
fn read<'b, T: Deserialize<'b>>(
    body: &'b [u8],
    place: &'static str,
) -> Result<T, InboundRejection> {
    serde_json::from_slice(body).map_err(|_quoting| InboundRejection::Unreadable(place))
}
