//! `Board`, what the sending system heard and what happened, as sentences; what of it is drawn is
//! decided in `table` and `screen`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use isthmus_core::executor::Executor;
use serde::Serialize;

use crate::mllp_client::Answer;
use crate::output::Output;
use crate::system::TokioExecutor;

/// Sentences that are kept.
const SENTENCES_MAX: usize = 64;

/// What the sending system heard.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Heard {
    /// Messages sent, one that was sent twice counted twice.
    pub(crate) sent: u64,
    /// Answers by MSA-1.
    pub(crate) codes: BTreeMap<String, u64>,
    /// Positive answers.
    pub(crate) positive: u64,
    /// Negative answers.
    pub(crate) negative: u64,
    /// What the negative ones said.
    pub(crate) refusals: Vec<String>,
}

#[derive(Debug, Default)]
struct Notes {
    heard: Heard,
    sentences: VecDeque<String>,
}

/// What happened so far.
pub(crate) struct Board {
    output: Output,
    /// Sentences are drawn with the table, not written line by line.
    is_drawn: bool,
    executor: TokioExecutor,
    notes: Mutex<Notes>,
}

impl Board {
    /// An empty one, whose time begins now.
    pub(crate) fn new(output: Output, is_drawn: bool) -> Self {
        Self {
            output,
            is_drawn,
            executor: TokioExecutor::new(),
            notes: Mutex::default(),
        }
    }

    /// Tells a sentence. No value of a patient may stand in it.
    pub(crate) fn tell(&self, sentence: &str) {
        let at = self.executor.monotonic().as_secs_f64();
        let line = format!("{at:5.1} s  {sentence}");
        if !self.is_drawn {
            self.output.line(&line);
        }
        let mut notes = self.notes();
        if notes.sentences.len() == SENTENCES_MAX {
            notes.sentences.pop_front();
        }
        notes.sentences.push_back(line);
    }

    /// Counts the answer to a message.
    pub(crate) fn answered(&self, answer: &Answer) {
        let mut notes = self.notes();
        let heard = &mut notes.heard;
        heard.sent += 1;
        let code = answer.code.as_str().to_owned();
        if answer.code.is_positive() {
            heard.positive += 1;
        } else {
            heard.negative += 1;
            heard.refusals.push(format!("{code} {}", answer.why));
        }
        *heard.codes.entry(code).or_default() += 1;
    }

    /// What was heard.
    pub(crate) fn heard(&self) -> Heard {
        self.notes().heard.clone()
    }

    /// The last sentences, at most so many.
    pub(crate) fn sentences(&self, most: usize) -> Vec<String> {
        let notes = self.notes();
        let skipped = notes.sentences.len().saturating_sub(most);
        notes.sentences.iter().skip(skipped).cloned().collect()
    }

    /// How long it has been, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.executor.monotonic().as_secs_f64()
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
