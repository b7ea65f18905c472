//! Batches and files of messages, whole and broken. Messages themselves are tested in `message`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

use isthmus_hl7v2::batch::{BatchProblem, Split, split};
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
