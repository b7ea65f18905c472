//! Recognition: reading a message and finding the one sender it is from, among those that the
//! connection can prove to be. What that sender may send is checked in `admission`.

use std::sync::Arc;

use isthmus_core::id::SenderId;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::charset::{Charset, CharsetError};
use isthmus_hl7v2::charset_rules::{Declared, Malformed};
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
    /// How many times bytes that were not of its charset were replaced.
    pub(crate) replaced: usize,
}

/// Reads the message and finds the one candidate that it is from.
///
/// The candidates' charset rules decide how it is read, so each reading counts for the candidates
/// that share it.
pub(crate) fn recognise(raw: &[u8], standing: &Standing) -> Result<Recognised, Rejection> {
    let candidates = &standing.candidates;
    let declared = Declared::of(raw);
    let reading_of = |sender: &Arc<Sender>| {
        let rules = sender.charset_rules();
        let charset = rules.choose(&declared);
        charset.map(|charset| (charset, rules.malformed))
    };
    let readings: Vec<Result<Reading, CharsetError>> = candidates.iter().map(reading_of).collect();
    let mut fault = None;
    let mut names_of_none = None;
    let mut found = None;
    for (place, reading) in readings.iter().enumerate() {
        if readings.iter().take(place).any(|before| before == reading) {
            continue;
        }
        let read = reading
            .map_err(charset_fault)
            .and_then(|reading| read(raw, reading));
        let (message, replaced) = match read {
            Ok(read) => read,
            Err(rejection) => {
                fault.get_or_insert(rejection);
                continue;
            }
        };
        let (application, facility) = names(&message);
        let shares = candidates.iter().zip(&readings);
        let shares = shares.filter_map(|(sender, own)| (own == reading).then_some(sender));
        match choose(shares, &application, &facility) {
            Choice::One(sender) if found.is_none() => {
                let sender = Arc::clone(sender);
                found = Some(Recognised {
                    sender,
                    message,
                    replaced,
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

/// How a message is read.
type Reading = (Charset, Malformed);

/// The message, and how many times bytes were replaced.
fn read(raw: &[u8], (charset, malformed): Reading) -> Result<(Message, usize), Rejection> {
    let decoded = malformed.decode(raw, charset).map_err(charset_fault)?;
    let replaced = decoded.replaced;
    let message = Message::parse(decoded.text.into_owned()).map_err(|error| {
        tracing::info!(%error, "a frame is not an HL7 v2 message");
        Rejection::from(Refusal::reject(Reason::Unreadable))
    })?;
    Ok((message.came_in(charset), replaced))
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
