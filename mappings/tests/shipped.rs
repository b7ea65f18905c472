//! The maps that ship load without a complaint, and their cases pass and reach their rows.
//! What the language means is tested in `language`.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests may be blunt")]

use std::path::Path;

use isthmus_core::diagnostic::Renderer;
use isthmus_mappings::cases::runner::run;
use isthmus_mappings::library::Library;

/// Rows that cases must reach, in percent.
const MIN_ROWS: usize = 95;

#[test]
fn the_maps_load_and_their_cases_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = Library::load(folder, None).unwrap();
    assert_eq!(Renderer::default().render_all(library.diagnostics()), "");
    let report = run(&library, folder, "", false).unwrap();
    let failed: Vec<_> = report
        .results
        .iter()
        .filter(|one| one.is_failed())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(
        report.coverage() >= MIN_ROWS,
        "{} %: {:#?}",
        report.coverage(),
        report.unfired
    );
}
