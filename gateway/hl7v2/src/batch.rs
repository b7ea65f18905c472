//! A file or batch of messages taken apart: where each message lies, and what headers and trailers
//! say about how many there are. Reading a message is done in `message`, MLLP in `framing`.

use std::ops::Range;

use thiserror::Error;

use crate::framing::{END, START};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a text holds (HL7 v2.5.1 chapter 2, section 2.10.3, "HL7 batch protocol").
///
/// Every byte that is neither envelope, blank line, block of MLLP nor byte order mark lies in one
/// of the messages, so that a broken one is refused by the parser instead of being passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// The messages, in order.
    pub messages: Vec<MessageSpan>,
    /// The batches, in order; none when the text has no BHS and no BTS.
    pub batches: Vec<Batch>,
    /// The bytes of the first FHS, without its line end.
    pub file_header: Option<Range<usize>>,
    /// FTS-1, how many batches the file says it holds.
    pub batches_declared: Option<u64>,
    /// The text ends in the middle of a line of the last message, inside a batch or file that did
    /// not end: nobody can say that this message is whole.
    pub is_cut: bool,
    /// What is wrong with the envelope, in order of the place.
    pub findings: Vec<BatchFinding>,
}

/// Where one message lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSpan {
    /// Its bytes, the first byte of its last line end among them. Blank lines behind it are none of
    /// it, so that the same message has the same bytes wherever it stands.
    pub range: Range<usize>,
    /// Its batch, as a place in [`Split::batches`].
    pub batch: Option<usize>,
}

/// One batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The bytes of BHS, without its line end.
    pub header: Option<Range<usize>>,
    /// The bytes of BTS, without its line end.
    pub trailer: Option<Range<usize>>,
    /// BTS-1, how many messages the batch says it holds.
    pub declared: Option<u64>,
    /// How many messages were found in it.
    pub found: u64,
}

/// Something wrong with an envelope, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchFinding {
    /// The byte at which the segment at fault starts.
    pub offset: usize,
    /// What is wrong.
    pub problem: BatchProblem,
}

/// What is wrong with an envelope. None holds text of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BatchProblem {
    /// BTS-1 is not the number of messages.
    #[error("BTS-1 says {declared} messages, the batch has {found}")]
    MessageCount {
        /// BTS-1.
        declared: u64,
        /// How many there are.
        found: u64,
    },
    /// FTS-1 is not the number of batches.
    #[error("FTS-1 says {declared} batches, the file has {found}")]
    BatchCount {
        /// FTS-1.
        declared: u64,
        /// How many there are.
        found: u64,
    },
    /// BTS-1 or FTS-1 is not a number.
    #[error("the count in field 1 of the trailer is not a whole number")]
    NotACount,
    /// BHS without BTS.
    #[error("the batch has no BTS; add one, with the number of messages in BTS-1")]
    NoBatchTrailer,
    /// BTS without BHS.
    #[error("BTS ends a batch that no BHS began")]
    NoBatchHeader,
    /// FHS without FTS.
    #[error("the file has no FTS; it may have been cut")]
    NoFileTrailer,
    /// FTS without FHS.
    #[error("FTS ends a file that no FHS began")]
    NoFileHeader,
}

/// Where the text begins, behind a byte order mark.
fn begin(bytes: &[u8]) -> usize {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    }
}

/// Whether a text begins with a header of a file or batch; blank lines, blocks of MLLP and a byte
/// order mark may stand before it.
pub fn is_enveloped(bytes: &[u8]) -> bool {
    let text = bytes.get(begin(bytes)..).unwrap_or_default();
    let is_blank = |byte: &&u8| matches!(**byte, START | END | b'\r' | b'\n');
    let blank = text.iter().take_while(is_blank).count();
    let line = text.get(blank..).unwrap_or_default();
    matches!(segment(line), b"FHS" | b"BHS")
}

/// How much there is in a text before it is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// How many lines begin a message or belong to an envelope: no more messages, batches, and
    /// findings of one kind can come of [`split`].
    pub count: usize,
    /// Bytes between two of them at most, so that no message is longer.
    pub longest: usize,
}

/// Looks at a text without reserving anything.
pub fn parts(bytes: &[u8]) -> Parts {
    let (mut count, mut longest) = (1_usize, 0_usize);
    let (mut last, mut start) = (0_usize, begin(bytes));
    let lines = bytes.get(start..).unwrap_or_default();
    for line in lines.split(|byte| matches!(*byte, b'\r' | b'\n')) {
        let is_block = |byte: &&u8| matches!(**byte, START | END);
        let blocks = line.iter().take_while(is_block).count();
        let text = line.get(blocks..).unwrap_or_default();
        let is_named = matches!(segment(text), b"FHS" | b"BHS" | b"MSH" | b"BTS" | b"FTS");
        if is_named || blocks > 0 {
            count = count.saturating_add(1);
            longest = longest.max(start.saturating_sub(last));
            last = start;
        }
        // Text behind a block of MLLP is a message, too, whatever it begins with.
        count = count.saturating_add(usize::from(text.last() == Some(&END)));
        start = start.saturating_add(line.len()).saturating_add(1);
    }
    longest = longest.max(bytes.len().saturating_sub(last));
    Parts { count, longest }
}

/// Takes a text apart, in one walk over its bytes. Where that is not bounded otherwise, ask
/// [`parts`] before.
///
/// Lines end in CR, LF or both. MLLP's blocks end a message wherever they begin or end a line.
pub fn split(bytes: &[u8]) -> Split {
    let mut walk = Walk::default();
    let mut start = begin(bytes);
    while let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) {
        let length = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        walk.line(rest.get(..length).unwrap_or_default(), start);
        start = start.saturating_add(length).saturating_add(1);
    }
    walk.finish(bytes)
}

#[derive(Default)]
struct Walk {
    split: Split,
    /// Where the message that has begun starts.
    message: Option<usize>,
    /// Where its last line that is not blank ends.
    end: usize,
    /// The batch that has begun, and where.
    batch: Option<(Batch, usize)>,
    /// Where the file began that has not ended.
    file: Option<usize>,
}

impl Walk {
    fn line(&mut self, mut line: &[u8], mut start: usize) {
        while let Some((&(START | END), rest)) = line.split_first() {
            self.end_message(start);
            line = rest;
            start = start.saturating_add(1);
        }
        let (text, is_frame_end) = match line.split_last() {
            Some((&END, text)) => (text, true),
            _ => (line, false),
        };
        let end = start.saturating_add(text.len());
        let is_blank = text.trim_ascii().is_empty();
        match segment(text) {
            b"FHS" => self.file_header(start..end),
            b"BHS" => self.batch_header(start..end),
            b"BTS" => self.batch_trailer(text, start..end),
            b"FTS" => self.file_trailer(text, start),
            b"MSH" => {
                self.end_message(start);
                self.message = Some(start);
            }
            _ if is_blank => {}
            _ => self.message = self.message.or(Some(start)),
        }
        if !is_blank {
            // With the byte that ended the line, if there is one.
            self.end = end.saturating_add(usize::from(!is_frame_end));
        }
        if is_frame_end {
            self.end_message(end);
        }
    }

    fn end_message(&mut self, end: usize) {
        let Some(start) = self.message.take() else {
            return;
        };
        if let Some((batch, _)) = &mut self.batch {
            batch.found = batch.found.saturating_add(1);
        }
        self.split.messages.push(MessageSpan {
            range: start..end.min(self.end),
            batch: self.batch.as_ref().map(|_| self.split.batches.len()),
        });
    }

    fn file_header(&mut self, header: Range<usize>) {
        let start = header.start;
        self.split.file_header.get_or_insert(header);
        self.end_message(start);
        self.end_open_batch();
        if let Some(earlier) = self.file.replace(start) {
            self.note(earlier, BatchProblem::NoFileTrailer);
        }
    }

    fn batch_header(&mut self, header: Range<usize>) {
        self.end_message(header.start);
        self.end_open_batch();
        let start = header.start;
        let batch = Batch {
            header: Some(header),
            ..Batch::default()
        };
        self.batch = Some((batch, start));
    }

    fn batch_trailer(&mut self, text: &[u8], trailer: Range<usize>) {
        self.end_message(trailer.start);
        let start = trailer.start;
        let mut batch = if let Some((batch, _)) = self.batch.take() {
            batch
        } else {
            self.note(start, BatchProblem::NoBatchHeader);
            self.adopt_loose_messages()
        };
        batch.trailer = Some(trailer);
        batch.declared = self.count(text, start);
        let found = batch.found;
        if let Some(declared) = batch.declared.filter(|&declared| declared != found) {
            self.note(start, BatchProblem::MessageCount { declared, found });
        }
        self.split.batches.push(batch);
    }

    /// The messages that came since the last batch belong to a trailer without a header.
    fn adopt_loose_messages(&mut self) -> Batch {
        let place = self.split.batches.len();
        let mut found = 0_u64;
        let loose = self.split.messages.iter_mut().rev();
        for message in loose.take_while(|message| message.batch.is_none()) {
            message.batch = Some(place);
            found = found.saturating_add(1);
        }
        Batch {
            found,
            ..Batch::default()
        }
    }

    fn file_trailer(&mut self, text: &[u8], start: usize) {
        self.end_message(start);
        self.end_open_batch();
        if self.file.take().is_none() {
            self.note(start, BatchProblem::NoFileHeader);
        }
        self.split.batches_declared = self.count(text, start);
        let batches = self.split.batches.len() as u64;
        // BHS and BTS may be left out: messages without them are the file's one batch.
        let is_loose = batches == 0 && !self.split.messages.is_empty();
        let found = if is_loose { 1 } else { batches };
        if let Some(declared) = self.split.batches_declared.filter(|&count| count != found) {
            self.note(start, BatchProblem::BatchCount { declared, found });
        }
    }

    fn end_open_batch(&mut self) {
        if let Some((batch, start)) = self.batch.take() {
            self.note(start, BatchProblem::NoBatchTrailer);
            self.split.batches.push(batch);
        }
    }

    /// Field 1 of a trailer; the trailer's own fourth byte is its field separator.
    fn count(&mut self, trailer: &[u8], start: usize) -> Option<u64> {
        let (&separator, fields) = trailer.get(3..)?.split_first()?;
        let field = fields.split(|&byte| byte == separator).next()?;
        let digits = field.trim_ascii();
        if digits.is_empty() {
            return None;
        }
        let count = Some(digits)
            .filter(|digits| digits.iter().all(u8::is_ascii_digit))
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        if count.is_none() {
            self.note(start, BatchProblem::NotACount);
        }
        count
    }

    fn note(&mut self, offset: usize, problem: BatchProblem) {
        self.split.findings.push(BatchFinding { offset, problem });
    }

    fn finish(mut self, bytes: &[u8]) -> Split {
        let is_open = self.message.is_some() && (self.batch.is_some() || self.file.is_some());
        self.split.is_cut = is_open && !matches!(bytes.last(), Some(b'\r' | b'\n'));
        self.end_message(bytes.len());
        self.end_open_batch();
        if let Some(start) = self.file.take() {
            self.note(start, BatchProblem::NoFileTrailer);
        }
        self.split.findings.sort_by_key(|finding| finding.offset);
        self.split
    }
}

/// The name of the segment, empty when the line is not one: `MSHX` is no header.
fn segment(line: &[u8]) -> &[u8] {
    match line.split_at_checked(3) {
        Some((name, rest)) if !rest.first().is_some_and(u8::is_ascii_alphanumeric) => name,
        _ => &[],
    }
}
