//! How a command fails: what, where and how to mend it, and the exit code; what is printed when it
//! succeeds is each command's own.

use isthmus_core::diagnostic::Diagnostic;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration, a map or a policy is wrong; exit code 2.
    #[error("{} in the configuration", count(.0))]
    Configuration(Vec<Diagnostic>),
    /// The command was used wrongly, or a file that it needs is not there; exit code 2.
    #[error("{0}")]
    Usage(String),
    /// It was used rightly and did not work; exit code 1.
    #[error("{0}")]
    Run(String),
    /// What was asked to be shown has findings, and they were shown; exit code 1.
    #[error("")]
    Findings,
    /// It failed with this exit code, and why was shown.
    #[error("")]
    Told(u8),
}

impl Failure {
    /// The process's exit code.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Configuration(_) | Self::Usage(_) => 2,
            Self::Run(_) | Self::Findings => 1,
            Self::Told(code) => *code,
        }
    }

    /// Two failures as one: the faults of both when both are in files, else the first.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Configuration(mut first), Self::Configuration(second)) => {
                first.extend(second);
                Self::Configuration(first)
            }
            (first, _) => first,
        }
    }

    /// A failure at run time told by an error's text.
    pub(crate) fn run(error: impl std::fmt::Display) -> Self {
        Self::Run(error.to_string())
    }
}

/// How many errors there are; warnings are counted apart, for they stop nothing.
fn count(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|one| one.is_error()).count();
    let words = counted(errors, "error");
    match diagnostics.len().saturating_sub(errors) {
        0 => words,
        warnings => format!(
            "{words} (and {}, shown once there is no error)",
            counted(warnings, "warning")
        ),
    }
}

/// A number and its noun: `1 error`, `2 errors`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}
