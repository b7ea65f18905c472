//! Batches: every byte that is no envelope lies in one message, counts are what they say, and what
//! comes of a text is bounded by its parts.

use isthmus_hl7v2::batch::{is_enveloped, parts, split};
use isthmus_hl7v2::batch_response::{Envelope, header, trailer};
use isthmus_hl7v2::envelope_header::EnvelopeHeader;

/// Checks one text.
pub fn check(bytes: &[u8]) {
    let (most, found) = (parts(bytes), split(bytes));
    assert!(found.messages.len() <= most.count && found.batches.len() <= most.count);
    assert!(found.findings.len() <= 3 * most.count);
    let mut end = 0;
    let mut counted = vec![0_u64; found.batches.len()];
    for message in &found.messages {
        let range = message.range.clone();
        assert!(end <= range.start && range.start < range.end && range.end <= bytes.len());
        assert!(
            range.len() <= most.longest,
            "a message longer than {}",
            most.longest
        );
        end = range.end;
        if let Some(batch) = message.batch {
            counted[batch] += 1;
        }
    }
    let told: Vec<u64> = found.batches.iter().map(|batch| batch.found).collect();
    assert_eq!(counted, told);
    assert!(found.findings.is_sorted_by_key(|finding| finding.offset));
    if is_enveloped(bytes) {
        assert!(found.file_header.is_some() || !found.batches.is_empty());
    }
    let lines = found
        .batches
        .iter()
        .filter_map(|batch| batch.header.clone());
    for line in lines.chain(found.file_header) {
        answered(&bytes[line]);
    }
}

/// The answer's envelope is one, whatever the original's delimiters are.
fn answered(line: &[u8]) {
    let original = EnvelopeHeader::read(line);
    let mut answer = header(Envelope::Batch, original.as_ref(), "A1", "20260101");
    answer += &trailer(
        Envelope::Batch,
        original.as_ref(),
        0,
        "BTS-1 says 1, the batch has 0",
    );
    let again = split(answer.as_bytes());
    assert!(
        again.messages.is_empty() && again.findings.is_empty(),
        "{answer:?}"
    );
    assert_eq!(again.batches.len(), 1);
    assert_eq!(again.batches[0].declared, Some(0));
}
