//! The envelope of a batch of answers: its headers and trailers. The answers between them are built
//! by `acknowledgment`, and what a trailer's comment tells is decided by the listener.

use crate::delimiters::Delimiters;
use crate::envelope_header::EnvelopeHeader;
use crate::message_builder::MessageBuilder;
use crate::segment_name::SegmentName;

/// Whether an envelope is that of a file or of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// FHS and FTS.
    File,
    /// BHS and BTS.
    Batch,
}

/// The header of the answer to the batch or file of that header; to none when not even that could
/// be read. Its text is ASCII.
///
/// It uses the original's delimiters, swaps sender and receiver, and names the original's control
/// id (field 11) in field 12 (HL7 v2.5.1 chapter 2, sections 2.10.3.3, 2.15.2 and 2.15.6).
/// `control_id` is the answer's own, `time` an HL7 time.
pub fn header(
    envelope: Envelope,
    original: Option<&EnvelopeHeader>,
    control_id: &str,
    time: &str,
) -> String {
    let mut builder = MessageBuilder::new(delimiters(original));
    let name = match envelope {
        Envelope::File => SegmentName::FHS,
        Envelope::Batch => SegmentName::BHS,
    };
    builder.segment(name, |header| {
        for number in [5, 6, 3, 4] {
            match original.and_then(|original| original.field(number)) {
                Some(field) => header.copy(field),
                None => header.skip(1),
            };
        }
        header.field(time).skip(3).field(control_id);
        if let Some(field) = original.and_then(EnvelopeHeader::control_id) {
            header.copy(field);
        }
    });
    builder.text()
}

/// The trailer: how many messages or batches the answer has, and a comment (BTS-2, FTS-2).
pub fn trailer(
    envelope: Envelope,
    original: Option<&EnvelopeHeader>,
    count: usize,
    comment: &str,
) -> String {
    let mut builder = MessageBuilder::new(delimiters(original));
    let name = match envelope {
        Envelope::File => SegmentName::FTS,
        Envelope::Batch => SegmentName::BTS,
    };
    builder.segment(name, |trailer| {
        trailer.field(count.to_string().as_str()).field(comment);
    });
    builder.text()
}

fn delimiters(original: Option<&EnvelopeHeader>) -> Delimiters {
    original.map_or_else(Delimiters::default, EnvelopeHeader::delimiters)
}
