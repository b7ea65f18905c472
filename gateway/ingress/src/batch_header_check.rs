//! `HeaderCheck`, whether the header of a batch or file names a sender that its peer may be. Which
//! sender a message is from is said by its own header alone, see `recognition`.

use isthmus_core::refusal::Reason;
use isthmus_hl7v2::batch::Split;
use isthmus_hl7v2::envelope_header::EnvelopeHeader;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::segment_name::SegmentName;

use crate::rejection::Rejection;
use crate::sender::Sender;
use crate::standing::Standing;

/// What was found of the file's header and of that of the batch at hand.
#[derive(Debug)]
pub(crate) struct HeaderCheck {
    file: Option<Location>,
    /// Which batch is at hand.
    batch: Option<usize>,
    in_batch: Option<Location>,
}

impl HeaderCheck {
    /// Looks at the file's header.
    pub(crate) fn new(text: &[u8], split: &Split, standing: &Standing) -> Self {
        let line = split.file_header.clone();
        // A header without names says nothing that could be wrong.
        let header = line.and_then(|line| EnvelopeHeader::read(text.get(line)?));
        Self {
            file: header.and_then(|header| foreign(SegmentName::FHS, &header, standing)),
            batch: None,
            in_batch: None,
        }
    }

    /// Whether the headers around a message of this batch let it in.
    pub(crate) fn of(
        &mut self,
        batch: Option<usize>,
        text: &[u8],
        split: &Split,
        standing: &Standing,
    ) -> Result<(), Rejection> {
        if self.batch != batch {
            let line = batch.and_then(|place| split.batches.get(place)?.header.clone());
            let header = line.and_then(|line| EnvelopeHeader::read(text.get(line)?));
            self.batch = batch;
            self.in_batch = header.and_then(|one| foreign(SegmentName::BHS, &one, standing));
        }
        match self.file.or(self.in_batch) {
            Some(place) => Err(Rejection::at(Reason::Unauthorised, place)),
            None => Ok(()),
        }
    }
}

/// An empty name contradicts nothing.
fn foreign(segment: SegmentName, header: &EnvelopeHeader, standing: &Standing) -> Option<Location> {
    let application = header.sending_application();
    let facility = header.sending_facility();
    let holds =
        |names: &[String], name: &str| name.is_empty() || names.iter().any(|own| own == name);
    let names_application = |sender: &Sender| holds(&sender.applications, &application);
    let mut candidates = standing.candidates.iter();
    if candidates.any(|one| names_application(one) && holds(&one.facilities, &facility)) {
        return None;
    }
    let is_known = standing.candidates.iter().any(|one| names_application(one));
    let field = if is_known { 4 } else { 3 };
    let place = Location::segment(segment, 1).field(field);
    tracing::warn!(
        location = %place,
        "the header of a batch names a sender that its peer is not; its messages are refused"
    );
    Some(place)
}
