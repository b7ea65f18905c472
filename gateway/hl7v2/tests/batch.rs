//! Batches and files of messages, whole and broken. Messages themselves are tested in `message`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

use isthmus_hl7v2::batch::{BatchProblem, Split, is_enveloped, parts, split};
use isthmus_hl7v2::batch_response::{Envelope, header, trailer};
use isthmus_hl7v2::envelope_header::EnvelopeHeader;
use isthmus_hl7v2::message::Message;
use proptest::prelude::{any, prop_assert, proptest};

fn texts(bytes: &[u8]) -> Vec<&[u8]> {
    let found = split(bytes).messages.into_iter();
    found.map(|message| &bytes[message.range]).collect()
}

fn problems(bytes: &[u8]) -> Vec<BatchProblem> {
    let found = split(bytes).findings.into_iter();
    found.map(|finding| finding.problem).collect()
}

#[test]
fn a_whole_file_is_taken_apart_with_its_counts() {
    let file =
        b"FHS|^~\\&\rBHS|^~\\&\rMSH|a\rPID|1\rMSH|b\rBTS|2\rBHS|^~\\&\rMSH|c\rBTS|1|x\rFTS|2\r";
    let found = split(file);
    assert_eq!(found.findings, []);
    assert_eq!(
        texts(file),
        [&b"MSH|a\rPID|1\r"[..], b"MSH|b\r", b"MSH|c\r"]
    );
    let places: Vec<_> = found.messages.iter().map(|message| message.batch).collect();
    assert_eq!(places, [Some(0), Some(0), Some(1)]);
    assert_eq!(found.batches_declared, Some(2));
    let counts = |batch: usize| (found.batches[batch].declared, found.batches[batch].found);
    assert_eq!((counts(0), counts(1)), ((Some(2), 2), (Some(1), 1)));
    assert_eq!(
        &file[found.batches[0].header.clone().unwrap()],
        b"BHS|^~\\&"
    );
    assert_eq!(&file[found.batches[1].trailer.clone().unwrap()], b"BTS|1|x");
}

#[test]
fn any_line_end_a_byte_order_mark_and_blocks_of_mllp_stay_outside() {
    let text = b"\xEF\xBB\xBF\x0BMSH|a\r\nPID|1\n\x1C\r\x0BMSH|b\x1C\r\n\nMSH|c";
    assert_eq!(texts(text), [&b"MSH|a\r\nPID|1\n"[..], b"MSH|b", b"MSH|c"]);
    assert_eq!(problems(text), []);
    assert_eq!(split(b"\r\n\r\n"), Split::default());
}

#[test]
fn wrong_counts_are_told_with_both_numbers_and_the_place() {
    let file = b"FHS|\rBHS|\rMSH|a\rBTS|3\rFTS|4\r";
    let (declared, found) = (3, 1);
    let messages = BatchProblem::MessageCount { declared, found };
    let batches = BatchProblem::BatchCount { declared: 4, found };
    assert_eq!(problems(file), [messages, batches]);
    assert_eq!(split(file).findings[0].offset, 16);
    assert_eq!(problems(b"BHS|\rBTS|x\r"), [BatchProblem::NotACount]);
    assert_eq!(problems(b"BHS|\rMSH|a\rBTS||\r"), []);
}

#[test]
fn envelopes_that_are_not_whole_keep_their_messages() {
    use BatchProblem::{NoBatchHeader, NoBatchTrailer, NoFileHeader, NoFileTrailer};
    assert_eq!(
        problems(b"FHS|\rBHS|\rMSH|a\r"),
        [NoFileTrailer, NoBatchTrailer]
    );
    let loose = b"MSH|a\rMSH|b\rBTS|2\rFTS|1\r";
    assert_eq!(problems(loose), [NoBatchHeader, NoFileHeader]);
    assert_eq!(split(loose).batches[0].found, 2);
    assert_eq!(texts(loose).len(), 2);
}

#[test]
fn text_without_a_header_is_a_message_for_the_parser_to_refuse() {
    let file = b"BHS|\rPID|1\rMSH|a\rMSHX|\rBTS|2\r";
    assert_eq!(texts(file), [&b"PID|1\r"[..], b"MSH|a\rMSHX|\r"]);
    assert_eq!(problems(file), []);
}

proptest! {
    #[test]
    fn messages_never_overlap_and_lie_in_the_text(
        lines in proptest::collection::vec((0_usize..8, any::<[u8; 2]>()), 0..30),
    ) {
        let starts: [&[u8]; 8] =
            [b"FHS|", b"BHS|", b"MSH|", b"BTS|", b"FTS|", b"PID|", b"\x0BMSH|", b"\x1C"];
        let mut bytes = Vec::new();
        for (start, tail) in lines {
            bytes.extend_from_slice(starts[start]);
            bytes.extend_from_slice(&tail);
            bytes.push(b'\r');
        }
        let mut end = 0;
        for message in split(&bytes).messages {
            prop_assert!(end <= message.range.start && message.range.start < message.range.end);
            prop_assert!(message.range.end <= bytes.len());
            end = message.range.end;
        }
    }
}

#[test]
fn an_envelope_is_known_by_its_first_line() {
    for text in ["FHS|^~\\&\r", "BHS|^~\\&", "\x0B\r\nBHS|", "\u{FEFF}FHS|"] {
        assert!(is_enveloped(text.as_bytes()), "{text:?}");
    }
    for text in ["", "MSH|^~\\&\rBHS|", "BHSX|", "xBHS|", "BTS|1\r"] {
        assert!(!is_enveloped(text.as_bytes()), "{text:?}");
    }
}

#[test]
fn a_cut_is_seen_where_an_envelope_says_that_more_has_to_come() {
    assert!(split(b"BHS|\rMSH|a\rPID|1|x").is_cut);
    assert!(split(b"FHS|\rMSH|a").is_cut);
    for whole in [
        "BHS|\rMSH|a\r",
        "BHS|\rMSH|a\rBTS|1",
        "MSH|a\rPID|1",
        "BHS|",
    ] {
        assert!(!split(whole.as_bytes()).is_cut, "{whole:?}");
    }
}

#[test]
fn a_file_without_batches_is_one_batch() {
    assert_eq!(problems(b"FHS|\rMSH|a\rMSH|b\rFTS|1\r"), []);
    assert_eq!(split(b"FHS|x\rMSH|a\rFTS|1\r").file_header, Some(0..5));
    let (declared, found) = (2, 1);
    let wrong = BatchProblem::BatchCount { declared, found };
    assert_eq!(problems(b"FHS|\rMSH|a\rMSH|b\rFTS|2\r"), [wrong]);
    assert_eq!(problems(b"FHS|\rFTS|0\r"), []);
}

#[test]
fn the_answers_envelope_goes_back_in_the_senders_delimiters() {
    let line = b"BHS$%~\\&$NORTH%1.2%ISO$HERE$BRIDGE$US$20260101$$N\xFCm$c$B-7";
    let original = EnvelopeHeader::read(line).unwrap();
    assert_eq!(original.sending_application(), "NORTH");
    assert_eq!(original.sending_facility(), "HERE");
    assert_eq!(
        header(Envelope::Batch, Some(&original), "A1", "2026"),
        "BHS$%~\\&$BRIDGE$US$NORTH%1.2%ISO$HERE$2026$$$$A1$B-7\r"
    );
    assert_eq!(
        trailer(Envelope::Batch, Some(&original), 2, "BTS-1 says 3 $"),
        "BTS$2$BTS-1 says 3 \\F\\\r"
    );
    let message = Message::parse("MSH|^~\\&|A|B|C|D|2026||ADT^A01|9|P|2.5\r").unwrap();
    let original = EnvelopeHeader::standing_in(&message);
    assert_eq!(
        header(Envelope::Batch, original.as_ref(), "A1", "2026"),
        "BHS|^~\\&|C|D|A|B|2026||||A1\r"
    );
    assert_eq!(
        header(Envelope::File, None, "A1", "2026"),
        "FHS|^~\\&|||||2026||||A1\r"
    );
    assert_eq!(trailer(Envelope::File, None, 0, ""), "FTS|0\r");
}

proptest! {
    #[test]
    fn parts_bound_what_comes_of_a_split(
        lines in proptest::collection::vec((0_usize..9, any::<[u8; 2]>()), 0..40),
    ) {
        let starts: [&[u8]; 9] = [
            b"FHS|", b"BHS|", b"MSH|", b"BTS|", b"FTS|", b"PID|", b"\x0BMSH|", b"\x1C", b"\x0B",
        ];
        let mut bytes = Vec::new();
        for (start, tail) in lines {
            bytes.extend_from_slice(starts[start]);
            bytes.extend_from_slice(&tail);
            bytes.push(b'\r');
        }
        let (found, most) = (split(&bytes), parts(&bytes));
        let longest = found.messages.iter().map(|one| one.range.len()).max();
        prop_assert!(longest.unwrap_or_default() <= most.longest);
        let most = most.count;
        prop_assert!(found.messages.len() <= most, "{} > {most}", found.messages.len());
        prop_assert!(found.batches.len() <= most && found.findings.len() <= 3 * most);
    }
}

#[test]
fn a_block_of_mllp_inside_of_a_line_ends_no_message() {
    let text = b"M|Sa\r\nH\x08\0\0\0\x0BMSH|b\x1C\r\nMSH|c";
    assert_eq!(texts(text).len(), 2);
    let longest = split(text).messages.iter().map(|one| one.range.len()).max();
    assert!(longest.unwrap() <= parts(text).longest);
}

#[test]
fn a_message_has_the_same_bytes_wherever_it_stands() {
    let alone = b"MSH|a\rPID|1\r";
    for around in [
        &b"BHS|\rMSH|a\rPID|1\r\r\n\n\rBTS|1\r"[..],
        b"MSH|a\rPID|1\r\n\r\nMSH|b\r\n",
        b"\x0BMSH|a\rPID|1\r\x1C\r\n",
        b"  \rMSH|a\rPID|1\r\n \t\r",
    ] {
        assert_eq!(texts(around)[0], alone);
    }
    assert_eq!(texts(b"MSH|a\rPID|1"), [&b"MSH|a\rPID|1"[..]]);
    assert_eq!(texts(b"MSH|a\x1C\r\n\n"), [&b"MSH|a"[..]]);
}
