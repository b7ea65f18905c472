//! The finder of the reference files that lie beside the checkout, for tests that compare with
//! them. It reads none of them, and nothing outside tests may depend on them.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The folder `../shared/data` beside the checkout, or `None` when this machine has none.
///
/// `None` means that the calling test is to return early; a line that says so goes to standard
/// error, so that a skipped test is never taken for a passed one.
///
/// # Panics
///
/// When the folder is absent and the environment says `CI=true`: there, a comparison that does
/// not run is a failure.
#[must_use]
pub fn shared_data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let folder = root.parent()?.join("shared").join("data");
    if folder.is_dir() {
        return Some(folder);
    }
    report_absence(runs_in_ci());
    None
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test asks where it runs; no gateway code does"
)]
fn runs_in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Writes past the test runner's capture, which hides what passing tests print.
fn report_absence(must_exist: bool) {
    assert!(
        !must_exist,
        "../shared/data is absent, and CI=true forbids skipping what needs it"
    );
    let line = b"SKIPPED: a test needs ../shared/data, which is absent beside this checkout\n";
    drop(io::stderr().write_all(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "../shared/data is absent")]
    fn absence_is_a_failure_in_ci() {
        report_absence(true);
    }
}
