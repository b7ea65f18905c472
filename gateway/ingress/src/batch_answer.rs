//! `BatchAnswer`, the answer to a batch as it grows: the acknowledgements in the order of the
//! messages, in batches like theirs. What an acknowledgement says is decided in `acknowledgement`.

use std::fmt;

use isthmus_hl7v2::batch::{BatchFinding, BatchProblem, Split};
use isthmus_hl7v2::batch_response::{Envelope, header, trailer};
use isthmus_hl7v2::envelope_header::EnvelopeHeader;

use crate::acknowledgement::{acknowledge, hl7_time};
use crate::origin::Origin;
use crate::outcome_note::note;
use crate::receipt::Receipt;
use crate::rejection::Rejection;
use crate::seams::Seams;

/// How many findings about a file are told.
const FILE_FINDINGS_MAX: usize = 4;

/// The answer, up to where messages are decided.
pub(crate) struct BatchAnswer<'s> {
    seams: &'s Seams,
    bytes: Vec<u8>,
    /// The header of the file that is answered.
    file: Option<EnvelopeHeader>,
    open: Option<OpenBatch>,
    /// The next batch that has to be answered, in the order of `Split::batches`.
    next: usize,
    /// Batches in the answer.
    batches: usize,
}

/// A batch of the answer that has begun.
struct OpenBatch {
    /// Which one it answers; none for messages outside of batches.
    batch: Option<usize>,
    header: Option<EnvelopeHeader>,
    /// Acknowledgements in it.
    count: usize,
}

impl<'s> BatchAnswer<'s> {
    /// The beginning of the answer to this text.
    pub(crate) fn new(text: &[u8], split: &Split, seams: &'s Seams) -> Self {
        let file = split.file_header.clone();
        let file = file.and_then(|line| EnvelopeHeader::read(text.get(line)?));
        let mut answer = Self {
            seams,
            bytes: Vec::new(),
            file,
            open: None,
            next: 0,
            batches: 0,
        };
        if answer.file.is_some() {
            let file = answer.file.take();
            answer.begin(Envelope::File, file.as_ref());
            answer.file = file;
        }
        answer
    }

    /// Notes what became of the next message, which lies in this batch, and adds its
    /// acknowledgement; none where its sender wants none.
    pub(crate) fn add(
        &mut self,
        batch: Option<usize>,
        origin: &Origin,
        outcome: &Result<Receipt, Rejection>,
        text: &[u8],
        split: &Split,
    ) {
        note(origin, outcome, &self.seams.counters);
        let is_open = self.open.as_ref().is_some_and(|open| open.batch == batch);
        if !is_open {
            self.end_batch(split, &[]);
            if let Some(batch) = batch {
                self.empty_batches(batch, text, split);
                self.next = batch.saturating_add(1);
            }
            let header = batch_header(batch, text, split);
            let stand_in = || EnvelopeHeader::standing_in(origin.header.as_ref()?);
            self.begin_batch(batch, header.or_else(stand_in));
        }
        let now = self.seams.clock.now();
        let told = acknowledge(outcome, origin, &self.seams.control_ids, now);
        if let (Some(open), Some(told)) = (&mut self.open, told) {
            self.bytes.extend_from_slice(&told);
            open.count = open.count.saturating_add(1);
        }
    }

    /// The whole answer, with what is told of a text that was not as its envelope says.
    pub(crate) fn finish(self, text: &[u8], split: &Split) -> Vec<u8> {
        let about_file = split.findings.iter().filter(|one| is_about_file(one, text));
        let about_file = about_file.take(FILE_FINDINGS_MAX);
        let about_file: Vec<String> = about_file.map(|one| one.problem.to_string()).collect();
        self.end(text, split, &about_file)
    }

    /// The whole answer to a text that was not taken apart, and why.
    pub(crate) fn refused(self, comment: String) -> Vec<u8> {
        self.end(&[], &Split::default(), &[comment])
    }

    fn end(mut self, text: &[u8], split: &Split, comments: &[String]) -> Vec<u8> {
        let file = self.file.take();
        let (of_file, of_batch): (&[String], &[String]) = match file {
            Some(_) => (comments, &[]),
            None => (&[], comments),
        };
        // What is told of a file without a trailer of its own stands in the last batch.
        if self.next < split.batches.len() {
            self.end_batch(split, &[]);
            let last = split.batches.len().saturating_sub(1);
            self.empty_batches(last, text, split);
            self.begin_batch(Some(last), batch_header(Some(last), text, split));
        }
        self.end_batch(split, of_batch);
        if self.batches == 0 && file.is_none() {
            self.begin_batch(None, None);
            self.end_batch(split, of_batch);
        }
        if file.is_some() {
            let comment = of_file.join("; ");
            let trailer = trailer(Envelope::File, file.as_ref(), self.batches, &comment);
            self.bytes.extend_from_slice(trailer.as_bytes());
        }
        self.bytes
    }

    /// Answers the batches without messages that come before this one.
    fn empty_batches(&mut self, before: usize, text: &[u8], split: &Split) {
        while self.next < before {
            let batch = Some(self.next);
            self.begin_batch(batch, batch_header(batch, text, split));
            self.end_batch(split, &[]);
            self.next = self.next.saturating_add(1);
        }
    }

    fn begin_batch(&mut self, batch: Option<usize>, header: Option<EnvelopeHeader>) {
        self.begin(Envelope::Batch, header.as_ref());
        self.batches = self.batches.saturating_add(1);
        self.open = Some(OpenBatch {
            batch,
            header,
            count: 0,
        });
    }

    fn end_batch(&mut self, split: &Split, more: &[String]) {
        let Some(open) = self.open.take() else {
            return;
        };
        let mut comments = comments(open.batch, split);
        comments.extend_from_slice(more);
        let comment = comments.join("; ");
        let trailer = trailer(Envelope::Batch, open.header.as_ref(), open.count, &comment);
        self.bytes.extend_from_slice(trailer.as_bytes());
    }

    fn begin(&mut self, envelope: Envelope, original: Option<&EnvelopeHeader>) {
        let now = self.seams.clock.now();
        let control_id = self.seams.control_ids.next(now);
        let header = header(envelope, original, &control_id, &hl7_time(now));
        self.bytes.extend_from_slice(header.as_bytes());
    }
}

fn batch_header(batch: Option<usize>, text: &[u8], split: &Split) -> Option<EnvelopeHeader> {
    let header = split.batches.get(batch?)?.header.clone()?;
    EnvelopeHeader::read(text.get(header)?)
}

/// What is told of one batch.
fn comments(batch: Option<usize>, split: &Split) -> Vec<String> {
    let batch = batch.and_then(|place| split.batches.get(place));
    let lines = batch.map(|batch| [batch.header.as_ref(), batch.trailer.as_ref()]);
    let mut comments = Vec::new();
    for line in lines.into_iter().flatten().flatten() {
        // They lie in order of the place.
        let first = split
            .findings
            .partition_point(|one| one.offset < line.start);
        let here = split.findings.get(first..).unwrap_or_default().iter();
        let here = here.take_while(|one| one.offset == line.start);
        comments.extend(here.map(|one| one.problem.to_string()));
    }
    comments
}

fn is_about_file(finding: &BatchFinding, text: &[u8]) -> bool {
    match finding.problem {
        BatchProblem::BatchCount { .. }
        | BatchProblem::NoFileTrailer
        | BatchProblem::NoFileHeader => true,
        BatchProblem::NotACount => {
            let line = text.get(finding.offset..).unwrap_or_default();
            line.starts_with(b"FTS")
        }
        BatchProblem::MessageCount { .. }
        | BatchProblem::NoBatchTrailer
        | BatchProblem::NoBatchHeader => false,
    }
}

impl fmt::Debug for BatchAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchAnswer({} bytes)", self.bytes.len())
    }
}
