//! The text of an error together with what caused it; where that is shown is not decided here.

use std::error::Error;

/// An error's text and, behind colons, those of what caused it.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
