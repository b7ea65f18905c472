//! Whatever a file holds, loading ends with a set or with complaints that have a place in it.

use isthmus_core::diagnostic::Renderer;
use isthmus_core::read_set::ReadSet;
use isthmus_core::source_file::SourceFile;
use proptest::prelude::{any, prop, prop_assert, proptest};

use crate::scenario::{load, load_files, policy};

proptest! {
    #[test]
    fn a_torn_policy_is_refused_with_places(
        at in any::<prop::sample::Index>(),
        length in 0_usize..40,
        with in "[\\[\\]{}=\".'a-z0-9#\\\\\u{e9}\n -]{0,12}",
    ) {
        let letters: Vec<char> = policy().chars().collect();
        let at = at.index(letters.len());
        let rest = (at + length).min(letters.len());
        let torn: String = letters[..at].iter().chain(with.chars().collect::<Vec<_>>().iter())
            .chain(&letters[rest..]).collect();
        if let Err(errors) = load(&torn, &ReadSet::default()) {
            prop_assert!(!errors.is_empty());
            for error in &errors {
                let lines = torn.lines().count() + 1;
                prop_assert!((1..=lines).contains(&(error.line as usize)));
                prop_assert!(error.column >= 1 && error.end_column >= error.column);
                let shown = Renderer { colour: true }.render(error);
                prop_assert!(shown.contains(error.code.text()));
            }
        }
    }

    #[test]
    fn any_text_is_answered(policy in ".{0,200}", agreements in ".{0,200}") {
        let file = SourceFile::new("policies/mailer.toml", policy);
        prop_assert!(load_files(&[file], Some(&agreements), &ReadSet::default()).is_err());
        let file = SourceFile::new("policies/mailer.toml", crate::scenario::policy());
        prop_assert!(load_files(&[file], Some(&agreements), &ReadSet::default()).is_err());
    }
}
