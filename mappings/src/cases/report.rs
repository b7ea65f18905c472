//! What a run of cases found: the outcome of each, and the rows that no case reached.
//! How they are run stands in `runner`.

use crate::problem::RowPlace;

/// The outcome of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The output was as expected.
    Passed,
    /// The expected output was written.
    Updated,
    /// The output was not as expected: the differences, one a line.
    Failed(Vec<String>),
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// The map, by its path.
    pub map: String,
    /// The input file, relative to the mappings folder.
    pub case: String,
    /// What came of it.
    pub outcome: Outcome,
}

impl CaseResult {
    /// Whether the output was not as expected.
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

/// All cases of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Every case, by file.
    pub results: Vec<CaseResult>,
    /// How many rows the maps have that were run, libraries included.
    pub rows: usize,
    /// The rows that wrote nothing in any case.
    pub unfired: Vec<RowPlace>,
}

impl CaseReport {
    /// How many cases failed.
    pub fn failed(&self) -> usize {
        self.results.iter().filter(|one| one.is_failed()).count()
    }

    /// The share of rows that some case reached, in percent, rounded down.
    pub fn coverage(&self) -> usize {
        (self.rows - self.unfired.len().min(self.rows)) * 100 / self.rows.max(1)
    }
}
