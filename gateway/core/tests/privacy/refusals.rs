//! How these tests look at refused policies: one change, one error, at one place.

use isthmus_core::diagnostic::{Diagnostic, Renderer};
use isthmus_core::read_set::ReadSet;

use crate::scenario::{load, policy, row};

/// What the carets stand under.
pub fn underlined(one: &Diagnostic) -> String {
    let (from, to) = (one.column as usize - 1, one.end_column as usize - 1);
    one.line_text.chars().skip(from).take(to - from).collect()
}

pub fn errors(policy: &str) -> Vec<Diagnostic> {
    let mut errors = load(policy, &ReadSet::default()).expect_err("must not load");
    errors.retain(Diagnostic::is_error);
    for error in &errors {
        let line = policy
            .lines()
            .nth(error.line as usize - 1)
            .unwrap_or_default();
        assert_eq!(error.line_text, line);
        assert_eq!(error.file, "policies/mailer.toml");
    }
    errors
}

/// Replaces a text of the scenario's policy and expects one error.
pub fn one(from: &str, to: &str, code: &str, under: &str) -> Diagnostic {
    let whole = policy();
    assert!(whole.contains(from), "{from}");
    let errors = errors(&whole.replacen(from, to, 1));
    let shown = Renderer { colour: false }.render_all(&errors);
    let [error] = errors.as_slice() else {
        panic!("{from} -> {to}: {} errors\n{shown}", errors.len());
    };
    assert_eq!(
        (error.code.text(), underlined(error).as_str()),
        (code, under),
        "{shown}"
    );
    error.clone()
}

/// Puts a row behind the scenario's and expects one error.
pub fn one_row(path: &str, class: &str, more: &str, code: &str, under: &str) -> Diagnostic {
    let errors = errors(&(policy() + &row(path, class, more)));
    let shown = Renderer { colour: false }.render_all(&errors);
    let [error] = errors.as_slice() else {
        panic!("{path}: {} errors\n{shown}", errors.len());
    };
    assert_eq!(
        (error.code.text(), underlined(error).as_str()),
        (code, under),
        "{shown}"
    );
    error.clone()
}
