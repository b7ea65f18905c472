//! `AnswerParts`, what telling senders is made of. It is done in `answer_loop`.

use std::fmt;
use std::sync::Arc;

use isthmus_core::application_answers::OwedAnswers;
use isthmus_core::clock::Clock;
use isthmus_core::executor::Executor;
use isthmus_core::journal::Journal;

use crate::answer_ways::AnswerWays;
use crate::counters::Counters;

/// The parts that the loop joins.
pub struct AnswerParts {
    /// What is owed.
    pub owed: Arc<dyn OwedAnswers>,
    /// Where what was told is struck.
    pub journal: Arc<dyn Journal>,
    /// The ways to senders.
    pub ways: Arc<dyn AnswerWays>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Tasks and timers.
    pub executor: Arc<dyn Executor>,
}

impl fmt::Debug for AnswerParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerParts")
    }
}
