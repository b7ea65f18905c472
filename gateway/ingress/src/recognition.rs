//! Recognition: reading a message and finding the one sender it is from, among those that the
//! connection can prove to be. What that sender may send is checked in `admission`.

use std::sync::Arc;

use isthmus_core::id::SenderId;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::charset::{Charset, CharsetError, declared, decode};
use isthmus_hl7v2::field::Field;
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::segment_name::SegmentName;
use isthmus_hl7v2::value::hierarchic_designator::HierarchicDesignator;

use crate::rejection::Rejection;
use crate::sender::Sender;
use crate::sender_binding::{Choice, choose};
use crate::standing::Standing;

/// A message whose sender is known.
#[derive(Debug)]
pub(crate) struct Recognised {
    /// The sender.
    pub(crate) sender: Arc<Sender>,
    /// The message.
    pub(crate) message: Message,
    /// The charset that it came in.
    pub(crate) charset: Charset,
}

/// Reads the message and finds the one candidate that it is from.
///
/// Without MSH-18 the candidates' default charsets decide how it is read, so each reading counts
/// for the candidates that share it.
pub(crate) fn recognise(raw: &[u8], standing: &Standing) -> Result<Recognised, Rejection> {
    let candidates = &standing.candidates;
    let declared = declared(raw).map_err(charset_fault)?;
    let charset_of = |sender: &Sender| {
        let charset = declared.or_else(|| Charset::named(&sender.default_charset));
        charset.unwrap_or(Charset::ASCII)
    };
    let mut charsets: Vec<Charset> = Vec::new();
    let mut fault = None;
    let mut names_of_none = None;
    let mut found = None;
    for charset in candidates.iter().map(|sender| charset_of(sender)) {
        if charsets.contains(&charset) {
            continue;
        }
        charsets.push(charset);
        let message = match read(raw, charset) {
            Ok(message) => message,
            Err(rejection) => {
                fault.get_or_insert(rejection);
                continue;
            }
        };
        let (application, facility) = names(&message);
        let reading = |sender: &&Arc<Sender>| charset_of(sender) == charset;
        match choose(candidates.iter().filter(reading), &application, &facility) {
            Choice::One(sender) if found.is_none() => {
                let sender = Arc::clone(sender);
                found = Some(Recognised {
                    sender,
                    message,
                    charset,
                });
            }
            Choice::One(_) | Choice::Several => {
                return Err(stranger(&application, &facility, standing));
            }
            Choice::None => names_of_none = Some((application, facility)),
        }
    }
    if let Some(found) = found {
        return Ok(found);
    }
    // Only now: under another candidate's charset the names may be nobody's and mean nothing.
    if let Some((application, facility)) = names_of_none {
        return Err(stranger(&application, &facility, standing));
    }
    Err(fault.unwrap_or_else(|| Rejection::from(Refusal::reject(Reason::Unauthorised))))
}

fn read(raw: &[u8], charset: Charset) -> Result<Message, Rejection> {
    let text = decode(raw, charset).map_err(charset_fault)?;
    Message::parse(text.into_owned()).map_err(|error| {
        tracing::info!(%error, "a frame is not an HL7 v2 message");
        Rejection::from(Refusal::reject(Reason::Unreadable))
    })
}

fn charset_fault(error: CharsetError) -> Rejection {
    tracing::info!(%error, "a message cannot be decoded");
    let place = Location::segment(SegmentName::MSH, 1).field(18);
    Rejection::at(Reason::Charset, place)
}

/// First components of MSH-3 and MSH-4.
fn names(message: &Message) -> (String, String) {
    let first = |field: Field<'_>| {
        let name = HierarchicDesignator::from(field).namespace_id().value();
        name.unwrap_or_default().into_owned()
    };
    Header::of(message).map_or_else(Default::default, |header| {
        let application = first(header.sending_application());
        (application, first(header.sending_facility()))
    })
}

/// Refuses names that are not the peer's, and says so loudly when they are another sender's. The
/// names themselves are the peer's to choose, so only configured ids are logged.
fn stranger(application: &str, facility: &str, standing: &Standing) -> Rejection {
    let candidates = &standing.candidates;
    let is_known = |sender: &Arc<Sender>| sender.applications.iter().any(|own| own == application);
    let field = if candidates.iter().any(is_known) {
        4
    } else {
        3
    };
    let place = Location::segment(SegmentName::MSH, 1).field(field);
    let proved: Vec<&str> = candidates.iter().map(|sender| sender.id.as_str()).collect();
    let owners: Vec<&str> = standing
        .terms
        .senders
        .owners(application, facility)
        .map(SenderId::as_str)
        .collect();
    tracing::warn!(
        proved = proved.join(" "),
        claimed = owners.join(" "),
        location = %place,
        "a message names a sender that its peer is not; refused"
    );
    Rejection::at(Reason::Unauthorised, place)
}
