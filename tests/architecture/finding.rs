//! `Finding`, what every rule reports, and the one way to fail on findings. Which rules there are
//! is no business of this file.

use std::fmt;

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file, from the root of the tree.
    pub(crate) file: String,
    /// The line, counted from 1; 0 when the whole file is meant.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) fault: String,
    /// How to mend it.
    pub(crate) mend: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}; {}",
            self.file,
            self.line.max(1),
            self.fault,
            self.mend
        )
    }
}

/// Fails with all findings, each on a line of its own.
#[track_caller]
pub(crate) fn expect_none(rule: &str, findings: &[Finding]) {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("  {finding}"))
        .collect();
    assert!(
        findings.is_empty(),
        "{} against {rule}:\n{}",
        findings.len(),
        lines.join("\n")
    );
}

/// Fails unless exactly these places were found, as `file:line`.
#[track_caller]
pub(crate) fn expect_places(findings: &[Finding], places: &[&str]) {
    let found: Vec<String> = findings
        .iter()
        .map(|finding| format!("{}:{}", finding.file, finding.line))
        .collect();
    assert_eq!(found, places, "{findings:#?}");
}
